import { type Access, getAssetHrefs, parseSspPatch, planetaryComputerAccess } from 'terrachip/archives';

export const access: Access = planetaryComputerAccess();
export const hrefs: string[] = getAssetHrefs(['33N_18E-242N_250_400'], { products: ['s2'] });
export const width: number = parseSspPatch('3649890_2331750_0_937.tif').bounds[2] - 3649890;
