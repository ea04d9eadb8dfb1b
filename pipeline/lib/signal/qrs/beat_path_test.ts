import assert from "node:assert/strict";
import fc from "fast-check";
import { createBeatPath, linkCost, MIN_RR_SECONDS, type PathNode, type Surroundings } from "./beat_path.ts";

const FS = 60;
const node = (seconds: number, height = 1): PathNode => ({ at: seconds * FS, logHeight: Math.log(height) });
/** 75 beats a minute; behind each a T wave of a fifth of its height after 0.3 s. */
const REGULAR: Surroundings = {
  rr: 0.8 * FS,
  earlyCost: 1,
  usual: (lag) => Math.abs(lag - 0.3 * FS) < 3 ? Math.log(0.2) : -Infinity,
};

Deno.test("linkCost() is nothing at the usual time, grows to both sides and forbids the refractory period", () => {
  const cost = (seconds: number) => linkCost(node(1), node(1 + seconds), REGULAR, FS);
  assert.equal(cost(0.8), 0);
  assert.equal(cost(MIN_RR_SECONDS / 2), Infinity);
  for (const [nearer, further] of [[0.7, 0.6], [0.6, 0.45], [0.9, 1.2], [1.2, 2.4]]) {
    assert.ok(cost(nearer) < cost(further));
  }
  // A pause is cheaper in two halves, a usual time is not, and an asystole is not forbidden.
  assert.ok(2 * cost(0.8) < cost(1.6) && 2 * cost(0.4) > cost(0.8));
  assert.equal(cost(20), cost(60));
});

Deno.test("linkCost() of an early beat follows the rhythm's regularity", () => {
  const early = (earlyCost: number) => linkCost(node(1), node(1.5), { ...REGULAR, earlyCost }, FS);
  assert.ok(early(1) > early(0.1) && early(0.1) > 0);
});

Deno.test("linkCost() charges P and T waves, not beats of another height in their place", () => {
  const near = (seconds: number, height: number) => linkCost(node(1), node(1 + seconds, height), REGULAR, FS);
  const rhythm = near(0.3, 0.9);
  assert.ok(near(0.3, 0.2) > rhythm + 0.9, "a usual T wave");
  assert.ok(near(0.3, 0.05) > near(0.3, 0.2), "less than it");
  assert.equal(near(0.3, 0.6), rhythm, "three times as high as the T wave");
  assert.equal(near(0.4, 0.1), near(0.4, 1), "where there is none");
  const before: Surroundings = { ...REGULAR, usual: (lag) => lag < 0 ? Math.log(0.3) : -Infinity };
  assert.ok(linkCost(node(1, 0.3), node(1.25), before, FS) > linkCost(node(1, 0.9), node(1.25), before, FS));
});

const pauseCost = (samples: number) =>
  samples > REGULAR.rr ? linkCost({ at: 0, logHeight: 0 }, { at: samples, logHeight: 0 }, REGULAR, FS) : 0;

/** What a sequence is worth: gains less costs, the pauses before the first and behind the last beat included. */
function scoreOf(
  chosen: readonly number[],
  nodes: readonly PathNode[],
  gains: readonly number[],
  now: number,
): number {
  let score = 0, last: PathNode | undefined;
  for (const i of chosen) {
    score += gains[i] - (last === undefined ? pauseCost(nodes[i].at) : linkCost(last, nodes[i], REGULAR, FS));
    last = nodes[i];
  }
  return score - pauseCost(now - (last?.at ?? 0));
}

Deno.test("createBeatPath() finds a sequence worth as much as the best of all that there are", () => {
  const candidate = fc.record({
    gap: fc.integer({ min: 5, max: 26 }),
    height: fc.double({ min: 0.05, max: 2, noNaN: true }),
    gain: fc.double({ min: -1.5, max: 1.2, noNaN: true }),
  });
  fc.assert(
    fc.property(
      fc.array(candidate, { minLength: 1, maxLength: 9 }),
      fc.integer({ min: 0, max: 200 }),
      (list, rest) => {
        let at = 0;
        const nodes = list.map(({ gap, height }) => ({ at: at += gap, logHeight: Math.log(height) }));
        const gains = list.map(({ gain }) => gain), now = at + 1 + rest;
        const path = createBeatPath(FS), found: number[] = [];
        nodes.forEach((node, i) => path.add(node, gains[i], REGULAR));
        path.settle(Infinity, now, REGULAR, found);
        let best = -Infinity;
        for (let choice = 0; choice < 2 ** nodes.length; choice++) {
          const chosen = [...nodes.keys()].filter((i) => choice & (2 ** i));
          best = Math.max(best, scoreOf(chosen, nodes, gains, now));
        }
        const score = scoreOf(
          found.map((place) => nodes.findIndex((n) => n.at === place)),
          nodes,
          gains,
          now,
        );
        assert.ok(Math.abs(score - best) < 1e-9, `${score} against ${best}`);
      },
    ),
    { seed: 5, numRuns: 200 },
  );
});

Deno.test("createBeatPath() searches back: a weak beat fills a gap, weak noise does not stand beside a beat nor in a long silence", () => {
  const settle = (list: [seconds: number, gain: number][], seconds: number) => {
    const path = createBeatPath(FS), found: number[] = [];
    for (const [at, gain] of list) path.add(node(at), gain, { ...REGULAR, usual: () => -Infinity });
    path.settle(Infinity, seconds * FS, REGULAR, found);
    return found.map((at) => at / FS);
  };
  assert.deepEqual(settle([[1, 1], [1.8, 1], [2.6, -0.3], [3.4, 1]], 3.6), [1, 1.8, 2.6, 3.4]);
  assert.deepEqual(settle([[1, 1], [1.8, 1], [2.2, 0.3], [2.6, 1]], 2.8), [1, 1.8, 2.6]);
  assert.deepEqual(settle([[1, 1], [1.8, 1], [4, -1], [5, -1], [6, -1]], 12), [1, 1.8]);
});

Deno.test("createBeatPath() goes on behind a long silence full of weak noise", () => {
  const path = createBeatPath(FS), found: number[] = [];
  const quiet: Surroundings = { ...REGULAR, usual: () => -Infinity };
  for (let t = 1; t < 120; t += 0.2) {
    const isBeat = (t < 20 || t > 70) && Math.round(5 * (t - 1)) % 4 === 0;
    path.add(node(t), isBeat ? 1 : -1.4, quiet);
    path.settle((t - 3) * FS, t * FS, quiet, found);
  }
  const gap = found.findIndex((at, i) => i > 0 && at - found[i - 1] > 2 * FS);
  assert.ok(
    found[gap - 1] > 19 * FS && found[gap] < 71 * FS,
    `silence from ${found[gap - 1]} to ${found[gap]}`,
  );
  assert.ok(found.slice(1).every((at, i) => i + 1 === gap || Math.abs(at - found[i] - 0.8 * FS) < 1e-6));
});

Deno.test("createBeatPath() settles in order, never before what it has settled, for as long as one likes", () => {
  const path = createBeatPath(FS), found: number[] = [];
  for (let k = 0; k < 5000; k++) {
    path.add({ at: 20 * k, logHeight: Math.sin(k * k) }, 1.2 * Math.sin(k * k), REGULAR);
    const known = found.length;
    path.settle(20 * k - 3 * FS, 20 * k + 1, REGULAR, found);
    for (const at of found.slice(known)) assert.ok(at > 20 * (k - 1) - 3 * FS && at <= 20 * k - 3 * FS);
  }
  assert.ok(found.length > 500);
  for (let i = 1; i < found.length; i++) assert.ok(found[i] - found[i - 1] >= MIN_RR_SECONDS * FS);
});
