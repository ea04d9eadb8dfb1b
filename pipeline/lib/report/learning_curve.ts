import { type ScaleLinear, scaleLinear } from "d3-scale";
import { line } from "d3-shape";

/** What one epoch of a training gave. */
export interface CurvePoint {
  /** Counted from 1. */
  epoch: number;
  loss: number;
  validationLoss: number;
  /** In [0, 1], as the two below. */
  validationAccuracy: number;
  validationBalancedAccuracy: number;
  validationMacroF1: number;
}

/** One line of a panel. */
interface Series {
  label: string;
  colour: string;
  valueOf(point: CurvePoint): number;
}

const SIZE = { width: 900, height: 360 };
const PANEL = { width: 350, height: 240, top: 60, gap: 100, left: 60 };
/** Okabe and Ito's colours, which people with any colour vision can tell apart. */
const COLOURS = { blue: "#0072b2", orange: "#d55e00", green: "#009e73" };

const LOSSES: Series[] = [
  { label: "training, weighted", colour: COLOURS.blue, valueOf: ({ loss }) => loss },
  { label: "validation", colour: COLOURS.orange, valueOf: ({ validationLoss }) => validationLoss },
];
const FIGURES: Series[] = [
  { label: "accuracy", colour: COLOURS.blue, valueOf: ({ validationAccuracy }) => validationAccuracy },
  {
    label: "balanced accuracy",
    colour: COLOURS.green,
    valueOf: ({ validationBalancedAccuracy }) => validationBalancedAccuracy,
  },
  { label: "macro-F1", colour: COLOURS.orange, valueOf: ({ validationMacroF1 }) => validationMacroF1 },
];

/**
 * Draws how a training went: losses on the left, figures of the validation windows on the right, the best epoch marked.
 *
 * @param options.title Stands on top, for example the model's name.
 * @param options.points One an epoch, at least 1, all figures finite.
 * @param options.bestEpoch Epoch whose weights were kept.
 * @returns An SVG document of 900 x 360 pixels.
 * @throws RangeError No point, or a figure that is not finite.
 */
export function drawLearningCurve(
  options: { title: string; points: readonly CurvePoint[]; bestEpoch: number },
): string {
  const { title, points, bestEpoch } = options;
  if (points.length === 0) {
    throw new RangeError("Cannot draw a learning curve: there must be epochs, got none");
  }
  const wrong = points.find((point) =>
    [...LOSSES, ...FIGURES].some(({ valueOf }) => !Number.isFinite(valueOf(point)))
  );
  if (wrong) {
    throw new RangeError(`Cannot draw a learning curve: figures must be finite, got epoch ${wrong.epoch}`);
  }
  const highest = Math.max(...points.flatMap((point) => LOSSES.map(({ valueOf }) => valueOf(point))));
  const [left, right] = [PANEL.left, PANEL.left + PANEL.width + PANEL.gap];
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${SIZE.width} ${SIZE.height}" width="${SIZE.width}" ` +
    `height="${SIZE.height}" font-family="sans-serif" font-size="12" fill="#333">`,
    `<rect width="100%" height="100%" fill="#fff"/>`,
    text(SIZE.width / 2, 24, escapeXml(title), 'text-anchor="middle" font-size="16"'),
    ...drawPanel({ left, name: "loss", series: LOSSES, domain: [0, highest || 1], points, bestEpoch }),
    ...drawPanel({ left: right, name: "validation", series: FIGURES, domain: [0, 1], points, bestEpoch }),
    "</svg>",
    "",
  ].join("\n");
}

function drawPanel(panel: {
  left: number;
  name: string;
  series: Series[];
  domain: [number, number];
  points: readonly CurvePoint[];
  bestEpoch: number;
}): string[] {
  const { left, name, series, domain, points, bestEpoch } = panel;
  const { top, width, height } = PANEL, bottom = top + height, first = points[0].epoch;
  const x = scaleLinear([first, Math.max(first + 1, points[points.length - 1].epoch)], [left, left + width]);
  const y = scaleLinear(domain, [bottom, top]).nice();
  const best = round(x(bestEpoch));
  return [
    ...drawAxes(x, y, left),
    `<path d="M${best},${top}V${bottom}" stroke="#999" stroke-dasharray="4 3"/>`,
    text(left, top - 8, name, 'font-weight="bold"'),
    text(left + width, top - 8, `best epoch ${bestEpoch}`, 'text-anchor="end" fill="#777"'),
    ...series.map(({ colour, valueOf }) => {
      const path = line<CurvePoint>((point) => x(point.epoch), (point) => y(valueOf(point))).digits(2);
      return `<path d="${
        path(points)
      }" fill="none" stroke="${colour}" stroke-width="2" stroke-linecap="round"/>`;
    }),
    ...series.map(({ label, colour }, i) => text(left + 130 * i, bottom + 44, label, `fill="${colour}"`)),
  ];
}

function drawAxes(
  x: ScaleLinear<number, number>,
  y: ScaleLinear<number, number>,
  left: number,
): string[] {
  const { top, width, height } = PANEL, bottom = top + height, yFormat = y.tickFormat(5);
  return [
    ...y.ticks(5).flatMap((value) => [
      `<path d="M${left},${round(y(value))}h${width}" stroke="#e5e5e5"/>`,
      text(left - 8, round(y(value)) + 4, yFormat(value), 'text-anchor="end"'),
    ]),
    ...x.ticks(8).filter(Number.isInteger).map((epoch) =>
      text(round(x(epoch)), bottom + 18, String(epoch), 'text-anchor="middle"')
    ),
    text(left + width + 12, bottom + 18, "epoch", ""),
    `<path d="M${left},${top}V${bottom}h${width}" fill="none" stroke="#333"/>`,
  ];
}

const text = (x: number, y: number, content: string, attributes: string): string =>
  `<text x="${x}" y="${y}" ${attributes}>${content}</text>`;

const round = (value: number): number => Math.round(value * 100) / 100;

const escapeXml = (content: string): string =>
  content.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
