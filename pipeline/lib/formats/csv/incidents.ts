/** How many lines of a kind of incident are listed; all are counted. */
export const MAX_LISTED = 20;

/** Something that was found in a file again and again: how often, how much, and where the first few times. */
export interface Incidents {
  count: number;
  /** Samples concerned, all in all. */
  samples: number;
  /** Lines of the file where the first ones begin, at most `MAX_LISTED`. */
  lines: number[];
}

export const noIncidents = (): Incidents => ({ count: 0, samples: 0, lines: [] });

/** Counts one more; the line is listed while there is room. */
export function addIncident(incidents: Incidents, line: number, samples: number): void {
  incidents.count++;
  incidents.samples += samples;
  if (incidents.lines.length < MAX_LISTED) incidents.lines.push(line);
}
