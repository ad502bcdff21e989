import { useEverything } from '../everything.js';

export default () => useEverything();
