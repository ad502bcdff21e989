import { importModel } from 'terrachip';
import { mapTensor, openModel, openSession } from 'terrachip/inference';
import { openRaster } from 'terrachip/raster';

/** Maps an image with an ONNX model of your own, of `bands` in this order: probabilities (class, y, x). */
export async function ownModel(onnx: string, bands: string[], image: string, folder: string) {
  await importModel({ checkpoint: onnx, output: folder, bands });
  await using session = await openSession(await openModel(folder));
  await using raster = await openRaster(image);
  return await mapTensor(session, await raster.read());
}
