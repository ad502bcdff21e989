/** The page of `terrachip report`. */
import { createMap, Graticule, requireElement } from '../map/index.js';

const map = createMap(requireElement('map', HTMLDivElement), { bounds: [-180, -60, 180, 75] });
map.addLayer(new Graticule());
