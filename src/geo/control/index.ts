/** Control grids: source positions of destination pixels, prepared in float64 on the CPU, evaluated in integers in kernels. */
export { BLOCK_SIZE, CELL_WORDS, type ControlBlock, evaluateBlock, TABLE_WORDS } from './cells.js';
export { ControlGrid, type ControlWindow, DEFAULT_TOLERANCE } from './grid.js';
