/** Control grids: where each destination pixel lies in a source, in float64 on the CPU and in integers in kernels. */
export { BLOCK_SIZE, CELL_WORDS, type ControlBlock, evaluateBlock, TABLE_WORDS } from './cells.js';
export { ControlGrid, type ControlWindow, DEFAULT_TOLERANCE } from './grid.js';
