import type { Position } from './features.js';

/** How edges that a projection bends are bisected. */
export interface EdgeCutting {
  /** An edge is cut at most into 2^maxCuts pieces. */
  readonly maxCuts: number;
  project(position: Position): Position;
  /** Whether the edge between two positions may bend; if not, its middle is not projected. */
  mayBend(from: Position, to: Position): boolean;
  /** Whether an edge bends too much, from its projected ends and middle, and its original length. */
  isBent(start: Position, end: Position, middle: Position, length: number): boolean;
}

/** Projects a path, and reports each piece of its edges. */
export function projectEdges(
  path: readonly Position[],
  { maxCuts, project, mayBend, isBent }: EdgeCutting,
  add: (start: Position, end: Position) => void,
): void {
  const addEdge = (from: Position, to: Position, start: Position, end: Position, cuts: number): void => {
    if (cuts < maxCuts && mayBend(from, to)) {
      const half: Position = [(from[0] + to[0]) / 2, (from[1] + to[1]) / 2];
      const middle = project(half);
      if (isBent(start, end, middle, Math.hypot(to[0] - from[0], to[1] - from[1]))) {
        addEdge(from, half, start, middle, cuts + 1);
        addEdge(half, to, middle, end, cuts + 1);
        return;
      }
    }
    add(start, end);
  };
  let [from] = path;
  let start = project(from);
  for (const to of path.slice(1)) {
    const end = project(to);
    addEdge(from, to, start, end, 0);
    from = to;
    start = end;
  }
}

/** The positions of coordinates with alternating x and y. */
export function positionsOf(coordinates: Int32Array | Float64Array): Position[] {
  return Array.from({ length: coordinates.length / 2 }, (_, k) => [
    coordinates[2 * k],
    coordinates[2 * k + 1],
  ]);
}
