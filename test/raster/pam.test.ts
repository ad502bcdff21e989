/** `.aux.xml` sidecars. Expected values are those of gdalinfo 3.6.2 for the same files. */
import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Affine, GeoBox } from '../../src/geo/node/index.js';
import { openRaster, type Raster, writeCog } from '../../src/raster/node/index.js';
import { describeRaster, warpFile } from '../../src/workflow/index.js';
import { temporaryFolder } from '../support/files.js';
import { stripedTiff } from '../support/tiff.js';

const folder = await temporaryFolder();
let files = 0;

/** A raster in a new folder with its sidecars. */
async function withBeside(
  write: (path: string) => Promise<unknown>,
  xml: string | Uint8Array,
  ending = '.aux.xml',
): Promise<string> {
  const place = join(folder, String(files++));
  await mkdir(place);
  const path = join(place, 'image.tif');
  await write(path);
  await writeFile(path + ending, xml);
  return path;
}

/** 64 × 48 pixels without a grid, nodata or other metadata. */
const bare = (path: string): Promise<void> => writeFile(path, stripedTiff(64, 48));

const geobox = new GeoBox(32631, new Affine(10, 0, 500000, 0, -10, 5000000), 64, 48);
const full = (path: string): Promise<void> =>
  writeCog(path, [Int16Array.from({ length: geobox.pixelCount }, (_, i) => i % 10)], {
    geobox,
    bands: 1,
    dtype: 'int16',
    nodata: 7,
    scales: [2],
    offsets: [3],
    descriptions: ['inner'],
  });

async function inspect<T>(path: string, look: (raster: Raster) => T | Promise<T>): Promise<T> {
  const raster = await openRaster(path);
  try {
    return await look(raster);
  } finally {
    await raster.close();
  }
}

const EVERYTHING = `<PAMDataset>
  <SRS dataAxisToSRSAxisMapping="2,1">EPSG:4326</SRS>
  <GeoTransform>1, 2, 0, 3, 0, -2</GeoTransform>
  <Metadata><MDI key="A">2</MDI><MDI key="B">3</MDI></Metadata>
  <PAMRasterBand band="1"><Description>outer</Description><NoDataValue>0</NoDataValue><Offset>-1000</Offset>
    <Scale>0.5</Scale><ColorInterp>Palette</ColorInterp>
    <ColorTable><Entry c1="1" c2="2" c3="3" c4="255"/><Entry c1="9" c2="2" c3="3" c4="255"/></ColorTable>
    <Histograms><HistItem><HistMin>0</HistMin></HistItem></Histograms>
    <Metadata><MDI key="STATISTICS_MAXIMUM">63</MDI></Metadata></PAMRasterBand></PAMDataset>`;

const UTM =
  'PROJCS["WGS_1984_UTM_Zone_31N",GEOGCS["GCS_WGS_1984",DATUM["D_WGS_1984",SPHEROID["WGS_1984",6378137.0,298.257223563]],PRIMEM["Greenwich",0.0],UNIT["Degree",0.0174532925199433]],PROJECTION["Transverse_Mercator"],PARAMETER["False_Easting",500000.0],PARAMETER["False_Northing",0.0],PARAMETER["Central_Meridian",3.0],PARAMETER["Scale_Factor",0.9996],PARAMETER["Latitude_Of_Origin",0.0],UNIT["Meter",1.0],AUTHORITY["EPSG",32631]]';
const ESRI = `<PAMDataset><Metadata domain="xml:ESRI" format="xml"><GeodataXform xsi:type="typens:IdentityXform"
  xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:typens="http://www.esri.com/schemas/ArcGIS/9.2">
  <SpatialReference xsi:type="typens:ProjectedCoordinateSystem"><WKT>${UTM}</WKT><HighPrecision>true</HighPrecision>
  </SpatialReference></GeodataXform></Metadata>
  <PAMRasterBand band="1"><NoDataValue le_hex_equiv="00000000000059C0">-1.0E+02</NoDataValue></PAMRasterBand></PAMDataset>`;

describe('.aux.xml', () => {
  it('adds metadata that the file lacks', async () => {
    await inspect(
      await withBeside(bare, EVERYTHING),
      ({ bands: [band], crs, transform, metadata, colourTable }) => {
        expect(band).toMatchObject({ nodata: 0, scale: 0.5, offset: -1000, description: 'outer' });
        expect(band.colourInterpretation).toBe('palette');
        expect(band.metadata).toEqual({});
        expect(crs?.epsg).toBe(4326);
        expect(transform?.toTuple()).toEqual([2, 0, 1, 0, -2, 3]);
        expect(metadata['']).toEqual({ A: '2', B: '3' });
        expect(colourTable).toEqual([[1, 2, 3], [9, 2, 3]]); // biome-ignore format: a table
      },
    );
  });

  it('wins for grid and nodata; the file wins otherwise', async () => {
    await inspect(await withBeside(full, EVERYTHING), ({ bands: [band], crs, transform }) => {
      expect(band).toMatchObject({ nodata: 0, scale: 2, offset: 3, description: 'inner' });
      expect(crs?.epsg).toBe(4326);
      expect(transform?.toTuple()).toEqual([2, 0, 1, 0, -2, 3]);
    });
  });

  it("is read in ArcGIS's form, with a world file", async () => {
    const path = await withBeside(bare, ESRI);
    await writeFile(path.replace('.tif', '.tfw'), '10\n0\n0\n-10\n500005\n4999995\n');
    await inspect(path, ({ bands: [band], geobox: grid }) => {
      expect(band.nodata).toBe(-100);
      expect(grid?.crs.epsg).toBe(32631);
      expect(grid?.transform.toTuple()).toEqual([10, 0, 500000, 0, -10, 5000000]);
    });
  });

  it.each(['.AUX.XML', '.aux.XML'])('is found as %s', async (ending) => {
    const path = await withBeside(bare, ESRI, ending);
    await writeFile(path.replace('.tif', '.TFW'), '10\n0\n0\n-10\n500005\n4999995\n');
    await inspect(path, ({ geobox: grid }) => expect(grid?.crs.epsg).toBe(32631));
  });

  it('has a scale and metadata per band', async () => {
    const path = await withBeside(
      (file) =>
        writeCog(file, [new Int16Array(geobox.pixelCount), new Int16Array(geobox.pixelCount)], {
          geobox,
          bands: 2,
          dtype: 'int16',
          scales: [2, 1],
          offsets: [5, 0],
          bandMetadata: [{ A: 'inner' }, {}],
        }),
      `<PAMDataset>
        <PAMRasterBand band="1"><Offset>-7</Offset><Scale>0.5</Scale><Metadata><MDI key="A">outer</MDI></Metadata></PAMRasterBand>
        <PAMRasterBand band="2"><Scale>0.5</Scale><Metadata><MDI key="B">outer2</MDI></Metadata></PAMRasterBand></PAMDataset>`,
    );
    const bands = await inspect(path, (raster) => raster.bands);
    expect(bands).toMatchObject([
      { scale: 2, offset: 5, metadata: { '': { A: 'outer' } } },
      { scale: 0.5, offset: 0, metadata: { '': { B: 'outer2' } } },
    ]);
  });

  it('gives ground control points to a raster without a grid', async () => {
    const points = `<PAMDataset><GCPList Projection="EPSG:32631">
      <GCP Id="1" Pixel="0" Line="0" X="500000" Y="5000000"/><GCP Id="2" Pixel="4" Line="3" X="500040" Y="4999970" Z="9"/>
      </GCPList></PAMDataset>`;
    const path = await withBeside(bare, points);
    const gcps = await inspect(path, (raster) => raster.gcps);
    expect(gcps?.crs?.toString()).toBe('EPSG:32631');
    expect(gcps?.points).toEqual([
      { column: 0, row: 0, x: 500000, y: 5000000, z: 0 },
      { column: 4, row: 3, x: 500040, y: 4999970, z: 9 },
    ]);
    const grid = { crs: 'EPSG:32631' };
    const warped = warpFile({ source: path, destination: join(folder, 'points.tif'), grid });
    await expect(warped).rejects.toThrow(/is tied to the ground by 2 control points/);
    expect(await inspect(await withBeside(full, points), (raster) => raster.gcps)).toBeNull();
  });

  it('decides validity', async () => {
    const xml =
      '<PAMDataset><PAMRasterBand band="1"><NoDataValue>0</NoDataValue></PAMRasterBand></PAMDataset>';
    const path = await withBeside(full, xml);
    const { validPixels } = await warpFile({
      source: path,
      destination: join(folder, 'warped.tif'),
      grid: { like: path },
      backend: 'cpu',
      threads: 0,
    });
    // One in ten pixels is 0.
    expect(validPixels).toEqual([geobox.pixelCount - Math.ceil(geobox.pixelCount / 10)]);
    expect((await describeRaster(path)).bands[0].nodata).toBe(0);
  });

  it('is read with JPEG 2000', async () => {
    const path = await withBeside((to) => copyFile('test/fixtures/jpeg2000/bare.j2k', to), EVERYTHING);
    await inspect(path, ({ bands: [band], crs, transform }) => {
      expect(band).toMatchObject({ nodata: 0, scale: 0.5, offset: -1000, description: 'outer' });
      expect([crs?.epsg, transform?.toTuple()]).toEqual([4326, [2, 0, 1, 0, -2, 3]]);
    });
  });

  it.each([
    ['statistics alone', '<PAMDataset><PAMRasterBand band="1"><Metadata><MDI key="STATISTICS_MEAN">3</MDI></Metadata></PAMRasterBand></PAMDataset>'],
    ['another document', '<Other><SRS>EPSG:4326</SRS></Other>'],
    ['numbers that are none', '<PAMDataset><GeoTransform>1,2,3</GeoTransform><PAMRasterBand band="x"><NoDataValue>none</NoDataValue><Scale>big</Scale></PAMRasterBand></PAMDataset>'],
  ])('changes nothing by %s', async (_, xml) => {
    await inspect(await withBeside(full, xml), ({ bands: [band], crs }) => {
      expect(band).toMatchObject({ nodata: 7, scale: 2, offset: 3, description: 'inner' });
      expect(crs?.epsg).toBe(32631);
    });
  }); // biome-ignore format: a table

  it('reports an unusable CRS, and is refused when it is not XML', async () => {
    const path = await withBeside(bare, '<PAMDataset><SRS>LOCAL</SRS></PAMDataset>');
    await inspect(path, ({ placeProblem }) =>
      expect(placeProblem).toMatch(/\.aux\.xml file with a system that/),
    );
    await expect(openRaster(await withBeside(bare, '<PAMDataset>'))).rejects.toThrow(
      /image\.tif\.aux\.xml is not XML/,
    );
    const entity = '<!DOCTYPE a [<!ENTITY b "c">]><PAMDataset/>';
    await expect(openRaster(await withBeside(bare, entity))).rejects.toThrow(/declares a document type/);
  });
});

it('XML is read in its declared encoding, and after a byte order mark', async () => {
  const text = (encoding: string): string =>
    `<?xml version="1.0" encoding="${encoding}"?>\n<PAMDataset><PAMRasterBand band="1"><Description>Höhe</Description>` +
    '<NoDataValue>9</NoDataValue></PAMRasterBand></PAMDataset>';
  for (const bytes of [
    Buffer.from(text('UTF-8')),
    Buffer.from(`\ufeff${text('UTF-8')}`),
    Buffer.from(text('ISO-8859-1'), 'latin1'),
    Buffer.from(`\ufeff${text('UTF-16')}`, 'utf16le'),
  ]) {
    const [band] = await inspect(await withBeside(bare, bytes), ({ bands }) => bands);
    expect(band).toMatchObject({ description: 'Höhe', nodata: 9 });
  }
  await expect(inspect(await withBeside(bare, text('klingon')), () => null)).rejects.toThrow(
    /image\.tif\.aux\.xml is not XML/,
  );
});
