// The imports of a page, bundled for browsers.
import { Crs, GeoBox } from 'terrachip/geo';
import { registerCommonEpsg } from 'terrachip/geo/epsg';
import { CpuBackend } from 'terrachip/kernels';
import { openRaster } from 'terrachip/raster';

registerCommonEpsg();
const { kind } = new CpuBackend().info;
const works = Crs.fromEpsg(2154).name === 'RGF93 v1 / Lambert-93' && kind === 'cpu' && GeoBox && openRaster;
console.log(works ? 'everything works in a page' : 'something is not there');
