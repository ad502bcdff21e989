import { useEverything } from './everything.js';

console.log(await useEverything());
