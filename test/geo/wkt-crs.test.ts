import { describe, expect, it } from 'vitest';
import { Crs, createTransform } from '../../src/geo/node/index.js';

/**
 * Code, longitude and latitude on WGS 84, x and y by pyproj (PROJ 9.1.1), tolerance in metres, and what GDAL 3.6.2 writes
 * into a .prj: `srs.ImportFromEPSG(code); srs.MorphToESRI(); srs.ExportToWkt()`. From EPSG:2100 on the text is what pyproj
 * writes as WKT1_ESRI, WKT1_GDAL or WKT2_2019, without any code, and x and y are by that text.
 */
const TRUTH: [
  code: number,
  lon: number,
  lat: number,
  x: number,
  y: number,
  tolerance: number,
  wkt: string,
][] = [
  [
    3003,
    11,
    45,
    1657661.1269,
    4984914.6586,
    1,
    'PROJCS["Monte_Mario_Italy_1",GEOGCS["GCS_Monte_Mario",DATUM["D_Monte_Mario",SPHEROID["International_1924",6378388.0,297.0]],PRIMEM["Greenwich",0.0],UNIT["Degree",0.0174532925199433]],PROJECTION["Transverse_Mercator"],PARAMETER["False_Easting",1500000.0],PARAMETER["False_Northing",0.0],PARAMETER["Central_Meridian",9.0],PARAMETER["Scale_Factor",0.9996],PARAMETER["Latitude_Of_Origin",0.0],UNIT["Meter",1.0]]',
  ],
  [
    31467,
    9,
    50,
    3500074.9206,
    5540407.2395,
    1,
    'PROJCS["DHDN_3_Degree_Gauss_Zone_3",GEOGCS["GCS_Deutsches_Hauptdreiecksnetz",DATUM["D_Deutsches_Hauptdreiecksnetz",SPHEROID["Bessel_1841",6377397.155,299.1528128]],PRIMEM["Greenwich",0.0],UNIT["Degree",0.0174532925199433]],PROJECTION["Gauss_Kruger"],PARAMETER["False_Easting",3500000.0],PARAMETER["False_Northing",0.0],PARAMETER["Central_Meridian",9.0],PARAMETER["Scale_Factor",1.0],PARAMETER["Latitude_Of_Origin",0.0],UNIT["Meter",1.0]]',
  ],
  [
    28992,
    5.5,
    52,
    162745.9985,
    445741.7251,
    0.5,
    'PROJCS["RD_New",GEOGCS["GCS_Amersfoort",DATUM["D_Amersfoort",SPHEROID["Bessel_1841",6377397.155,299.1528128]],PRIMEM["Greenwich",0.0],UNIT["Degree",0.0174532925199433]],PROJECTION["Double_Stereographic"],PARAMETER["False_Easting",155000.0],PARAMETER["False_Northing",463000.0],PARAMETER["Central_Meridian",5.38763888888889],PARAMETER["Scale_Factor",0.9999079],PARAMETER["Latitude_Of_Origin",52.1561605555556],UNIT["Meter",1.0]]',
  ],
  [
    31370,
    4.5,
    50.5,
    159311.7539,
    132142.3309,
    0.5,
    'PROJCS["Belge_Lambert_1972",GEOGCS["GCS_Belge_1972",DATUM["D_Belge_1972",SPHEROID["International_1924",6378388.0,297.0]],PRIMEM["Greenwich",0.0],UNIT["Degree",0.0174532925199433]],PROJECTION["Lambert_Conformal_Conic"],PARAMETER["False_Easting",150000.013],PARAMETER["False_Northing",5400088.438],PARAMETER["Central_Meridian",4.36748666666667],PARAMETER["Standard_Parallel_1",51.1666672333333],PARAMETER["Standard_Parallel_2",49.8333339],PARAMETER["Latitude_Of_Origin",90.0],UNIT["Meter",1.0]]',
  ],
  [
    23032,
    9,
    45,
    500082.6329,
    4983147.785,
    4,
    'PROJCS["ED_1950_UTM_Zone_32N",GEOGCS["GCS_European_1950",DATUM["D_European_1950",SPHEROID["International_1924",6378388.0,297.0]],PRIMEM["Greenwich",0.0],UNIT["Degree",0.0174532925199433]],PROJECTION["Transverse_Mercator"],PARAMETER["False_Easting",500000.0],PARAMETER["False_Northing",0.0],PARAMETER["Central_Meridian",9.0],PARAMETER["Scale_Factor",0.9996],PARAMETER["Latitude_Of_Origin",0.0],UNIT["Meter",1.0]]',
  ],
  [
    26711,
    -117,
    35,
    500079.2806,
    3872846.2803,
    10,
    'PROJCS["NAD_1927_UTM_Zone_11N",GEOGCS["GCS_North_American_1927",DATUM["D_North_American_1927",SPHEROID["Clarke_1866",6378206.4,294.978698213898]],PRIMEM["Greenwich",0.0],UNIT["Degree",0.0174532925199433]],PROJECTION["Transverse_Mercator"],PARAMETER["False_Easting",500000.0],PARAMETER["False_Northing",0.0],PARAMETER["Central_Meridian",-117.0],PARAMETER["Scale_Factor",0.9996],PARAMETER["Latitude_Of_Origin",0.0],UNIT["Meter",1.0]]',
  ],
  [
    21781,
    8,
    47,
    642695.4202,
    205590.5223,
    1,
    'PROJCS["CH1903_LV03",GEOGCS["GCS_CH1903",DATUM["D_CH1903",SPHEROID["Bessel_1841",6377397.155,299.1528128]],PRIMEM["Greenwich",0.0],UNIT["Degree",0.0174532925199433]],PROJECTION["Hotine_Oblique_Mercator_Azimuth_Center"],PARAMETER["False_Easting",600000.0],PARAMETER["False_Northing",200000.0],PARAMETER["Scale_Factor",1.0],PARAMETER["Azimuth",90.0],PARAMETER["Longitude_Of_Center",7.43958333333333],PARAMETER["Latitude_Of_Center",46.9524055555556],UNIT["Meter",1.0]]',
  ],
  [
    32632,
    9,
    50,
    500000.0,
    5538630.7029,
    0.01,
    'PROJCS["WGS_1984_UTM_Zone_32N",GEOGCS["GCS_WGS_1984",DATUM["D_WGS_1984",SPHEROID["WGS_1984",6378137.0,298.257223563]],PRIMEM["Greenwich",0.0],UNIT["Degree",0.0174532925199433]],PROJECTION["Transverse_Mercator"],PARAMETER["False_Easting",500000.0],PARAMETER["False_Northing",0.0],PARAMETER["Central_Meridian",9.0],PARAMETER["Scale_Factor",0.9996],PARAMETER["Latitude_Of_Origin",0.0],UNIT["Meter",1.0]]',
  ],
  [
    27200,
    174,
    -41,
    2594112.5829,
    6022474.031,
    5,
    'PROJCS["GD_1949_New_Zealand_Map_Grid",GEOGCS["GCS_New_Zealand_1949",DATUM["D_New_Zealand_1949",SPHEROID["International_1924",6378388.0,297.0]],PRIMEM["Greenwich",0.0],UNIT["Degree",0.0174532925199433]],PROJECTION["New_Zealand_Map_Grid"],PARAMETER["False_Easting",2510000.0],PARAMETER["False_Northing",6023150.0],PARAMETER["Longitude_Of_Origin",173.0],PARAMETER["Latitude_Of_Origin",-41.0],UNIT["Meter",1.0]]',
  ],
  [
    2263,
    -74,
    40.7,
    984250.0,
    194305.3389,
    0.01,
    'PROJCS["NAD_1983_StatePlane_New_York_Long_Island_FIPS_3104_Feet",GEOGCS["GCS_North_American_1983",DATUM["D_North_American_1983",SPHEROID["GRS_1980",6378137.0,298.257222101]],PRIMEM["Greenwich",0.0],UNIT["Degree",0.0174532925199433]],PROJECTION["Lambert_Conformal_Conic"],PARAMETER["False_Easting",984250.0],PARAMETER["False_Northing",0.0],PARAMETER["Central_Meridian",-74.0],PARAMETER["Standard_Parallel_1",41.0333333333333],PARAMETER["Standard_Parallel_2",40.6666666666667],PARAMETER["Latitude_Of_Origin",40.1666666666667],UNIT["US survey foot",0.304800609601219]]',
  ],
  [
    5070,
    -96,
    40,
    0.0,
    1886977.5649,
    0.01,
    'PROJCS["NAD_1983_Contiguous_USA_Albers",GEOGCS["GCS_North_American_1983",DATUM["D_North_American_1983",SPHEROID["GRS_1980",6378137.0,298.257222101]],PRIMEM["Greenwich",0.0],UNIT["Degree",0.0174532925199433]],PROJECTION["Albers"],PARAMETER["False_Easting",0.0],PARAMETER["False_Northing",0.0],PARAMETER["Central_Meridian",-96.0],PARAMETER["Standard_Parallel_1",29.5],PARAMETER["Standard_Parallel_2",45.5],PARAMETER["Latitude_Of_Origin",23.0],UNIT["Meter",1.0]]',
  ],
  [
    3413,
    -40,
    75,
    142401.9812,
    -1627662.0927,
    0.01,
    'PROJCS["WGS_1984_NSIDC_Sea_Ice_Polar_Stereographic_North",GEOGCS["GCS_WGS_1984",DATUM["D_WGS_1984",SPHEROID["WGS_1984",6378137.0,298.257223563]],PRIMEM["Greenwich",0.0],UNIT["Degree",0.0174532925199433]],PROJECTION["Stereographic_North_Pole"],PARAMETER["False_Easting",0.0],PARAMETER["False_Northing",0.0],PARAMETER["Central_Meridian",-45.0],PARAMETER["Standard_Parallel_1",70.0],UNIT["Meter",1.0]]',
  ],
  [
    3031,
    10,
    -75,
    284571.7229,
    1613886.4387,
    0.01,
    'PROJCS["WGS_1984_Antarctic_Polar_Stereographic",GEOGCS["GCS_WGS_1984",DATUM["D_WGS_1984",SPHEROID["WGS_1984",6378137.0,298.257223563]],PRIMEM["Greenwich",0.0],UNIT["Degree",0.0174532925199433]],PROJECTION["Stereographic_South_Pole"],PARAMETER["False_Easting",0.0],PARAMETER["False_Northing",0.0],PARAMETER["Central_Meridian",0.0],PARAMETER["Standard_Parallel_1",-71.0],UNIT["Meter",1.0]]',
  ],
  [
    6933,
    10,
    20,
    964862.8025,
    2501271.8625,
    0.01,
    'PROJCS["WGS_1984_EASE-Grid_2.0_Global",GEOGCS["GCS_WGS_1984",DATUM["D_WGS_1984",SPHEROID["WGS_1984",6378137.0,298.257223563]],PRIMEM["Greenwich",0.0],UNIT["Degree",0.0174532925199433]],PROJECTION["Behrmann"],PARAMETER["False_Easting",0.0],PARAMETER["False_Northing",0.0],PARAMETER["Central_Meridian",0.0],PARAMETER["Standard_Parallel_1",30.0],UNIT["Meter",1.0]]',
  ],
  [
    22234,
    25,
    -30,
    886002.3302,
    6674764.3472,
    1,
    'PROJCS["Cape_UTM_Zone_34S",GEOGCS["GCS_Cape",DATUM["D_Cape",SPHEROID["Clarke_1880_Arc",6378249.145,293.4663077]],PRIMEM["Greenwich",0.0],UNIT["Degree",0.0174532925199433]],PROJECTION["Transverse_Mercator"],PARAMETER["False_Easting",500000.0],PARAMETER["False_Northing",10000000.0],PARAMETER["Central_Meridian",21.0],PARAMETER["Scale_Factor",0.9996],PARAMETER["Latitude_Of_Origin",0.0],UNIT["Meter",1.0]]',
  ],
  [
    2100,
    23.73,
    37.97,
    476135.3688,
    4202232.9151,
    1,
    'PROJCS["Greek_Grid",GEOGCS["GCS_GGRS_1987",DATUM["D_GGRS_1987",SPHEROID["GRS_1980",6378137.0,298.257222101]],PRIMEM["Greenwich",0.0],UNIT["Degree",0.0174532925199433]],PROJECTION["Transverse_Mercator"],PARAMETER["False_Easting",500000.0],PARAMETER["False_Northing",0.0],PARAMETER["Central_Meridian",24.0],PARAMETER["Scale_Factor",0.9996],PARAMETER["Latitude_Of_Origin",0.0],UNIT["Meter",1.0]]',
  ],
  [
    2326,
    114.17,
    22.3,
    835559.6421,
    817895.7547,
    1,
    'PROJCS["Hong Kong 1980 Grid System",GEOGCS["Hong Kong 1980",DATUM["Hong_Kong_1980",SPHEROID["International 1924",6378388,297]],PRIMEM["Greenwich",0],UNIT["degree",0.0174532925199433]],PROJECTION["Transverse_Mercator"],PARAMETER["latitude_of_origin",22.3121333333333],PARAMETER["central_meridian",114.178555555556],PARAMETER["scale_factor",1],PARAMETER["false_easting",836694.05],PARAMETER["false_northing",819069.8],UNIT["metre",1]]',
  ],
  [
    2393,
    24.47,
    64.68,
    3379416.1977,
    7178205.7928,
    1,
    'PROJCS["Finland_Zone_3",GEOGCS["GCS_KKJ",DATUM["D_KKJ",SPHEROID["International_1924",6378388.0,297.0]],PRIMEM["Greenwich",0.0],UNIT["Degree",0.0174532925199433]],PROJECTION["Transverse_Mercator"],PARAMETER["False_Easting",3500000.0],PARAMETER["False_Northing",0.0],PARAMETER["Central_Meridian",27.0],PARAMETER["Scale_Factor",1.0],PARAMETER["Latitude_Of_Origin",0.0],UNIT["Meter",1.0]]',
  ],
  [
    3021,
    18.07,
    59.33,
    1628909.5893,
    6580989.2578,
    1,
    'PROJCRS["RT90 2.5 gon V",BASEGEOGCRS["RT90",DATUM["Rikets koordinatsystem 1990",ELLIPSOID["Bessel 1841",6377397.155,299.1528128,LENGTHUNIT["metre",1]]],PRIMEM["Greenwich",0,ANGLEUNIT["degree",0.0174532925199433]]],CONVERSION["Sweden zone 2.5 gon V",METHOD["Transverse Mercator"],PARAMETER["Latitude of natural origin",0,ANGLEUNIT["degree",0.0174532925199433]],PARAMETER["Longitude of natural origin",15.8082777777778,ANGLEUNIT["degree",0.0174532925199433]],PARAMETER["Scale factor at natural origin",1,SCALEUNIT["unity",1]],PARAMETER["False easting",1500000,LENGTHUNIT["metre",1]],PARAMETER["False northing",0,LENGTHUNIT["metre",1]]],CS[Cartesian,2],AXIS["northing (X)",north,ORDER[1],LENGTHUNIT["metre",1]],AXIS["easting (Y)",east,ORDER[2],LENGTHUNIT["metre",1]]]',
  ],
  [
    3844,
    26.1,
    44.43,
    587700.4289,
    326177.2217,
    1,
    'PROJCS["Pulkovo_1942_Adj_58_Stereo_70",GEOGCS["GCS_Pulkovo_1942_Adj_1958",DATUM["D_Pulkovo_1942_Adj_1958",SPHEROID["Krasovsky_1940",6378245.0,298.3]],PRIMEM["Greenwich",0.0],UNIT["Degree",0.0174532925199433]],PROJECTION["Double_Stereographic"],PARAMETER["False_Easting",500000.0],PARAMETER["False_Northing",500000.0],PARAMETER["Central_Meridian",25.0],PARAMETER["Scale_Factor",0.99975],PARAMETER["Latitude_Of_Origin",46.0],UNIT["Meter",1.0]]',
  ],
  [
    23700,
    19.04,
    47.5,
    649439.1116,
    239562.8811,
    1,
    'PROJCS["Hungarian_1972_Egyseges_Orszagos_Vetuleti",GEOGCS["GCS_Hungarian_1972",DATUM["D_Hungarian_1972",SPHEROID["GRS_1967",6378160.0,298.247167427]],PRIMEM["Greenwich",0.0],UNIT["Degree",0.0174532925199433]],PROJECTION["Hotine_Oblique_Mercator_Azimuth_Center"],PARAMETER["False_Easting",650000.0],PARAMETER["False_Northing",200000.0],PARAMETER["Scale_Factor",0.99993],PARAMETER["Azimuth",90.0],PARAMETER["Longitude_Of_Center",19.0485717777778],PARAMETER["Latitude_Of_Center",47.1443937222222],UNIT["Meter",1.0]]',
  ],
  [
    26191,
    -7.6,
    33.5,
    295511.1526,
    324618.4862,
    1,
    'PROJCS["Merchich / Nord Maroc",GEOGCS["Merchich",DATUM["Merchich",SPHEROID["Clarke 1880 (IGN)",6378249.2,293.466021293627]],PRIMEM["Greenwich",0],UNIT["degree",0.0174532925199433]],PROJECTION["Lambert_Conformal_Conic_1SP"],PARAMETER["latitude_of_origin",33.3],PARAMETER["central_meridian",-5.4],PARAMETER["scale_factor",0.999625769],PARAMETER["false_easting",500000],PARAMETER["false_northing",300000],UNIT["metre",1],AXIS["Easting",EAST],AXIS["Northing",NORTH]]',
  ],
  [
    27572,
    2.35,
    48.85,
    600990.8924,
    2427961.5117,
    1,
    'PROJCS["NTF_Paris_Lambert_Zone_II",GEOGCS["GCS_NTF_Paris",DATUM["D_NTF",SPHEROID["Clarke_1880_IGN",6378249.2,293.466021293627]],PRIMEM["Paris",2.33722917],UNIT["Grad",0.0157079632679489]],PROJECTION["Lambert_Conformal_Conic"],PARAMETER["False_Easting",600000.0],PARAMETER["False_Northing",2200000.0],PARAMETER["Central_Meridian",0.0],PARAMETER["Standard_Parallel_1",52.0],PARAMETER["Scale_Factor",0.99987742],PARAMETER["Latitude_Of_Origin",52.0],UNIT["Meter",1.0]]',
  ],
  [
    27572,
    2.35,
    48.85,
    600990.8924,
    2427961.5117,
    1,
    'PROJCS["NTF (Paris) / Lambert zone II",GEOGCS["NTF (Paris)",DATUM["Nouvelle_Triangulation_Francaise_Paris",SPHEROID["Clarke 1880 (IGN)",6378249.2,293.466021293627]],PRIMEM["Paris",2.33722917],UNIT["grad",0.0157079632679489]],PROJECTION["Lambert_Conformal_Conic_1SP"],PARAMETER["latitude_of_origin",52],PARAMETER["central_meridian",0],PARAMETER["scale_factor",0.99987742],PARAMETER["false_easting",600000],PARAMETER["false_northing",2200000],UNIT["metre",1],AXIS["Easting",EAST],AXIS["Northing",NORTH]]',
  ],
  [
    27572,
    2.35,
    48.85,
    600990.8924,
    2427961.5117,
    1,
    'PROJCRS["NTF (Paris) / Lambert zone II",BASEGEOGCRS["NTF (Paris)",DATUM["Nouvelle Triangulation Francaise (Paris)",ELLIPSOID["Clarke 1880 (IGN)",6378249.2,293.466021293627,LENGTHUNIT["metre",1]]],PRIMEM["Paris",2.5969213,ANGLEUNIT["grad",0.0157079632679489]]],CONVERSION["Lambert zone II",METHOD["Lambert Conic Conformal (1SP)"],PARAMETER["Latitude of natural origin",52,ANGLEUNIT["grad",0.0157079632679489]],PARAMETER["Longitude of natural origin",0,ANGLEUNIT["grad",0.0157079632679489]],PARAMETER["Scale factor at natural origin",0.99987742,SCALEUNIT["unity",1]],PARAMETER["False easting",600000,LENGTHUNIT["metre",1]],PARAMETER["False northing",2200000,LENGTHUNIT["metre",1]]],CS[Cartesian,2],AXIS["easting (X)",east,ORDER[1],LENGTHUNIT["metre",1]],AXIS["northing (Y)",north,ORDER[2],LENGTHUNIT["metre",1]]]',
  ],
  [
    29702,
    47.5,
    -18.9,
    511938.1521,
    799812.4595,
    1,
    'PROJCS["Tananarive_Paris_Laborde_Grid_approximation",GEOGCS["GCS_Tananarive_1925_Paris",DATUM["D_Tananarive_1925",SPHEROID["International_1924",6378388.0,297.0]],PRIMEM["Paris",2.33722917],UNIT["Grad",0.0157079632679489]],PROJECTION["Hotine_Oblique_Mercator_Azimuth_Center"],PARAMETER["False_Easting",400000.0],PARAMETER["False_Northing",800000.0],PARAMETER["Scale_Factor",0.9995],PARAMETER["Azimuth",21.0],PARAMETER["Longitude_Of_Center",49.0],PARAMETER["Latitude_Of_Center",-21.0],UNIT["Meter",1.0]]',
  ],
  [
    5513,
    15,
    50,
    1058147.274,
    703011.8819,
    14,
    'PROJCS["S-JTSK / Krovak",GEOGCS["S-JTSK",DATUM["System_of_the_Unified_Trigonometrical_Cadastral_Network",SPHEROID["Bessel 1841",6377397.155,299.1528128]],PRIMEM["Greenwich",0],UNIT["degree",0.0174532925199433]],PROJECTION["Krovak"],PARAMETER["latitude_of_center",49.5],PARAMETER["longitude_of_center",24.8333333333333],PARAMETER["azimuth",30.2881397527778],PARAMETER["pseudo_standard_parallel_1",78.5],PARAMETER["scale_factor",0.9999],PARAMETER["false_easting",0],PARAMETER["false_northing",0],UNIT["metre",1]]',
  ],
  [
    5514,
    15,
    50,
    -703011.8819,
    -1058147.274,
    14,
    'PROJCS["S-JTSK_Krovak_East_North",GEOGCS["GCS_S_JTSK",DATUM["D_S_JTSK",SPHEROID["Bessel_1841",6377397.155,299.1528128]],PRIMEM["Greenwich",0.0],UNIT["Degree",0.0174532925199433]],PROJECTION["Krovak"],PARAMETER["False_Easting",0.0],PARAMETER["False_Northing",0.0],PARAMETER["Pseudo_Standard_Parallel_1",78.5],PARAMETER["Scale_Factor",0.9999],PARAMETER["Azimuth",30.28813975277778],PARAMETER["Longitude_Of_Center",24.83333333333333],PARAMETER["Latitude_Of_Center",49.5],PARAMETER["X_Scale",-1.0],PARAMETER["Y_Scale",1.0],PARAMETER["XY_Plane_Rotation",90.0],UNIT["Meter",1.0]]',
  ],
  [
    2046,
    15.3,
    -29,
    -29231.7438,
    3209306.4259,
    1,
    'PROJCS["Hartebeesthoek94 / Lo15",GEOGCS["Hartebeesthoek94",DATUM["Hartebeesthoek94",SPHEROID["WGS 84",6378137,298.257223563]],PRIMEM["Greenwich",0],UNIT["degree",0.0174532925199433]],PROJECTION["Transverse_Mercator_South_Orientated"],PARAMETER["latitude_of_origin",0],PARAMETER["central_meridian",15],PARAMETER["scale_factor",1],PARAMETER["false_easting",0],PARAMETER["false_northing",0],UNIT["metre",1]]',
  ],
  [
    5554,
    3,
    50,
    500000.0,
    5538630.7027,
    1,
    'PROJCS["ETRS_1989_UTM_Zone_31N",GEOGCS["GCS_ETRS_1989",DATUM["D_ETRS_1989",SPHEROID["GRS_1980",6378137.0,298.257222101]],PRIMEM["Greenwich",0.0],UNIT["Degree",0.0174532925199433]],PROJECTION["Transverse_Mercator"],PARAMETER["False_Easting",500000.0],PARAMETER["False_Northing",0.0],PARAMETER["Central_Meridian",3.0],PARAMETER["Scale_Factor",0.9996],PARAMETER["Latitude_Of_Origin",0.0],UNIT["Meter",1.0]],VERTCS["DHHN92",VDATUM["Deutches_Haupthoehennetz_1992"],PARAMETER["Vertical_Shift",0.0],PARAMETER["Direction",1.0],UNIT["Meter",1.0]]',
  ],
  [
    5554,
    3,
    50,
    500000.0,
    5538630.7027,
    1,
    'COMPD_CS["ETRS89 / UTM zone 31N + DHHN92 height",PROJCS["ETRS89 / UTM zone 31N",GEOGCS["ETRS89",DATUM["European_Terrestrial_Reference_System_1989",SPHEROID["GRS 1980",6378137,298.257222101]],PRIMEM["Greenwich",0],UNIT["degree",0.0174532925199433]],PROJECTION["Transverse_Mercator"],PARAMETER["latitude_of_origin",0],PARAMETER["central_meridian",3],PARAMETER["scale_factor",0.9996],PARAMETER["false_easting",500000],PARAMETER["false_northing",0],UNIT["metre",1],AXIS["Easting",EAST],AXIS["Northing",NORTH]],VERT_CS["DHHN92 height",VERT_DATUM["Deutsches Haupthoehennetz 1992",2005],UNIT["metre",1],AXIS["Gravity-related height",UP]]]',
  ],
  [
    3857,
    9,
    50,
    1001875.4171,
    6446275.841,
    1,
    'PROJCS["WGS_1984_Web_Mercator_Auxiliary_Sphere",GEOGCS["GCS_WGS_1984",DATUM["D_WGS_1984",SPHEROID["WGS_1984",6378137.0,298.257223563]],PRIMEM["Greenwich",0.0],UNIT["Degree",0.0174532925199433]],PROJECTION["Mercator_Auxiliary_Sphere"],PARAMETER["False_Easting",0.0],PARAMETER["False_Northing",0.0],PARAMETER["Central_Meridian",0.0],PARAMETER["Standard_Parallel_1",0.0],PARAMETER["Auxiliary_Sphere_Type",0.0],UNIT["Meter",1.0]]',
  ],
];

describe('CRSs from text without a code', () => {
  it.each(TRUTH)('EPSG:%i is where PROJ has it', (_, lon, lat, x, y, tolerance, wkt) => {
    const { forward } = createTransform(Crs.wgs84, Crs.parse(wkt));
    const [ownX, ownY] = forward(lon, lat);
    const metres = Crs.parse(wkt).metresPerUnit ?? 1;
    expect(Math.hypot(ownX - x, ownY - y) * metres).toBeLessThan(tolerance);
  });

  it('give the same shift accuracy as their code', () => {
    const [, , , , , , wkt] = TRUTH.find(([code]) => code === 23032) ?? TRUTH[0];
    expect(Crs.parse(wkt).accuracyNote).toMatch(/may be off by up to 4 m/);
    expect(Crs.fromEpsg(23032).accuracyNote).toMatch(/may be off by up to 4 m/);
  });

  it('report an unknown datum shift, unless the ellipsoid is WGS 84 or GRS 80', () => {
    const wkt = (datum: string): string =>
      `GEOGCS["mine",DATUM[${datum}],PRIMEM["Greenwich",0],UNIT["Degree",0.0174532925199433]]`;
    expect(Crs.parse(wkt('"D_Mine",SPHEROID["Bessel_1841",6377397.155,299.1528128]')).accuracyNote).toMatch(
      /no shift of its datum to WGS 84 is known/,
    );
    expect(Crs.parse(wkt('"D_Mine",SPHEROID["GRS_1980",6378137,298.257222101]')).accuracyNote).toBeNull();
    // A shift in the text is used.
    const given = Crs.parse(wkt('"D_Mine",SPHEROID["Bessel_1841",6377397.155,299.1528128],TOWGS84[100,0,0]'));
    expect(given.accuracyNote).toBeNull();
  });

  it('have the shift of their bound CRS', () => {
    // By pyproj: Transformer.from_crs(4326, CRS.from_wkt(text), always_xy=True).transform(13.4, 52.5).
    const wkt =
      'BOUNDCRS[SOURCECRS[GEOGCRS["mine",DATUM["mine",ELLIPSOID["Bessel 1841",6377397.155,299.1528128,LENGTHUNIT["metre",1]]],PRIMEM["Greenwich",0,ANGLEUNIT["degree",0.0174532925199433]],CS[ellipsoidal,2],AXIS["longitude",east],AXIS["latitude",north],ANGLEUNIT["degree",0.0174532925199433]]],TARGETCRS[GEOGCRS["WGS 84",DATUM["World Geodetic System 1984",ELLIPSOID["WGS 84",6378137,298.257223563]],CS[ellipsoidal,2],AXIS["latitude",north],AXIS["longitude",east],ANGLEUNIT["degree",0.0174532925199433]]],ABRIDGEDTRANSFORMATION["to WGS 84",METHOD["Position Vector transformation (geog2D domain)",ID["EPSG",9606]],PARAMETER["X-axis translation",598.1,ID["EPSG",8605]],PARAMETER["Y-axis translation",73.7,ID["EPSG",8606]],PARAMETER["Z-axis translation",418.2,ID["EPSG",8607]],PARAMETER["X-axis rotation",0.202,ID["EPSG",8608]],PARAMETER["Y-axis rotation",0.045,ID["EPSG",8609]],PARAMETER["Z-axis rotation",-2.455,ID["EPSG",8610]],PARAMETER["Scale difference",1.0000067,ID["EPSG",8611]]]]';
    const [x, y] = createTransform(Crs.wgs84, Crs.parse(wkt)).forward(13.4, 52.5);
    expect(x).toBeCloseTo(13.4017418523, 8);
    expect(y).toBeCloseTo(52.5014048918, 8);
  });

  it.each([
    ['VERTCS["h",VDATUM["d"],UNIT["Meter",1.0]]', /is a VERTCS; give a geographic or a projected system/],
    ['GEOGCS["a",DATUM["b"', /is not well-known text; check its brackets and quotes/],
    [`GEOGCS[${'A['.repeat(100)}`, /is not well-known text/],
    ['GEOGCS["mine",DATUM["b"]]', /"mine" has no ellipsoid/],
    [
      'PROJCS["mine",GEOGCS["WGS 84",DATUM["WGS_1984",SPHEROID["WGS 84",6378137,298.257223563]],UNIT["degree",0.0174532925199433]],PROJECTION["Winkel_Tripel"],UNIT["metre",1]]',
      /"mine" has the projection "Winkel_Tripel", which is not supported/,
    ],
    [
      'GEOGCS["mine",DATUM["D_NTF",SPHEROID["Clarke_1880_IGN",6378249.2,293.466021293627]],PRIMEM["Paris",2.33722917],UNIT["Grad",0.0157079632679489]]',
      /"mine" does not have its longitudes and latitudes in degrees/,
    ],
  ])('or are refused: %s', (wkt, message) => {
    expect(() => Crs.parse(wkt)).toThrow(message);
  });

  it.each([
    [28992, 5.5, 52],
    [31370, 4.5, 50.5],
  ])('and EPSG:%i by its code too', (code, lon, lat) => {
    const [, , , x, y] = TRUTH.find((row) => row[0] === code) ?? TRUTH[0];
    const [ownX, ownY] = createTransform(Crs.wgs84, Crs.fromEpsg(code)).forward(lon, lat);
    expect(Math.hypot(ownX - x, ownY - y)).toBeLessThan(0.5);
  });
});

describe('PROJJSON without codes', () => {
  // Documents and values by pyproj (PROJ 9.1.1): CRS.to_json() without ids, Transformer.from_crs(4326, CRS(json)).
  it.each<[name: string, lon: number, lat: number, x: number, y: number, tolerance: number, json: string]>([
    [
      'BD72 / Belgian Lambert 72',
      4.5,
      50.5,
      159311.7539,
      132142.3309,
      0.5,
      '{"type":"ProjectedCRS","name":"BD72 / Belgian Lambert 72","base_crs":{"name":"BD72","datum":{"type":"GeodeticReferenceFrame","name":"Reseau National Belge 1972","ellipsoid":{"name":"International 1924","semi_major_axis":6378388,"inverse_flattening":297}},"coordinate_system":{"subtype":"ellipsoidal","axis":[{"name":"Geodetic latitude","direction":"north","unit":"degree"},{"name":"Geodetic longitude","direction":"east","unit":"degree"}]}},"conversion":{"name":"Belgian Lambert 72","method":{"name":"Lambert Conic Conformal (2SP)"},"parameters":[{"name":"Latitude of false origin","value":90,"unit":"degree"},{"name":"Longitude of false origin","value":4.36748666666667,"unit":"degree"},{"name":"Latitude of 1st standard parallel","value":51.1666672333333,"unit":"degree"},{"name":"Latitude of 2nd standard parallel","value":49.8333339,"unit":"degree"},{"name":"Easting at false origin","value":150000.013,"unit":"metre"},{"name":"Northing at false origin","value":5400088.438,"unit":"metre"}]},"coordinate_system":{"subtype":"Cartesian","axis":[{"name":"Easting","direction":"east","unit":"metre"},{"name":"Northing","direction":"north","unit":"metre"}]}}',
    ],
    [
      'NAD83 / New York Long Island (ftUS)',
      -74,
      40.7,
      984250.0,
      194305.3389,
      0.01,
      '{"type":"ProjectedCRS","name":"NAD83 / New York Long Island (ftUS)","base_crs":{"name":"NAD83","datum":{"type":"GeodeticReferenceFrame","name":"North American Datum 1983","ellipsoid":{"name":"GRS 1980","semi_major_axis":6378137,"inverse_flattening":298.257222101}},"coordinate_system":{"subtype":"ellipsoidal","axis":[{"name":"Geodetic latitude","direction":"north","unit":"degree"},{"name":"Geodetic longitude","direction":"east","unit":"degree"}]}},"conversion":{"name":"SPCS83 New York Long Island zone (US Survey feet)","method":{"name":"Lambert Conic Conformal (2SP)"},"parameters":[{"name":"Latitude of false origin","value":40.1666666666667,"unit":"degree"},{"name":"Longitude of false origin","value":-74,"unit":"degree"},{"name":"Latitude of 1st standard parallel","value":41.0333333333333,"unit":"degree"},{"name":"Latitude of 2nd standard parallel","value":40.6666666666667,"unit":"degree"},{"name":"Easting at false origin","value":984250,"unit":{"type":"LinearUnit","name":"US survey foot","conversion_factor":0.304800609601219}},{"name":"Northing at false origin","value":0,"unit":{"type":"LinearUnit","name":"US survey foot","conversion_factor":0.304800609601219}}]},"coordinate_system":{"subtype":"Cartesian","axis":[{"name":"Easting","direction":"east","unit":{"type":"LinearUnit","name":"US survey foot","conversion_factor":0.304800609601219}},{"name":"Northing","direction":"north","unit":{"type":"LinearUnit","name":"US survey foot","conversion_factor":0.304800609601219}}]}}',
    ],
    [
      'NTF (Paris) / Lambert zone II',
      3,
      47,
      650454.6617,
      2222449.4445,
      1,
      '{"type":"ProjectedCRS","name":"NTF (Paris) / Lambert zone II","base_crs":{"name":"NTF (Paris)","datum":{"type":"GeodeticReferenceFrame","name":"Nouvelle Triangulation Francaise (Paris)","ellipsoid":{"name":"Clarke 1880 (IGN)","semi_major_axis":6378249.2,"semi_minor_axis":6356515},"prime_meridian":{"name":"Paris","longitude":{"value":2.5969213,"unit":{"type":"AngularUnit","name":"grad","conversion_factor":0.0157079632679489}}}},"coordinate_system":{"subtype":"ellipsoidal","axis":[{"name":"Geodetic latitude","direction":"north","unit":{"type":"AngularUnit","name":"grad","conversion_factor":0.0157079632679489}},{"name":"Geodetic longitude","direction":"east","unit":{"type":"AngularUnit","name":"grad","conversion_factor":0.0157079632679489}}]}},"conversion":{"name":"Lambert zone II","method":{"name":"Lambert Conic Conformal (1SP)"},"parameters":[{"name":"Latitude of natural origin","value":52,"unit":{"type":"AngularUnit","name":"grad","conversion_factor":0.0157079632679489}},{"name":"Longitude of natural origin","value":0,"unit":{"type":"AngularUnit","name":"grad","conversion_factor":0.0157079632679489}},{"name":"Scale factor at natural origin","value":0.99987742,"unit":"unity"},{"name":"False easting","value":600000,"unit":"metre"},{"name":"False northing","value":2200000,"unit":"metre"}]},"coordinate_system":{"subtype":"Cartesian","axis":[{"name":"Easting","direction":"east","unit":"metre"},{"name":"Northing","direction":"north","unit":"metre"}]}}',
    ],
    [
      'unknown',
      10,
      60,
      2712.5209,
      -1899.3276,
      0.2,
      '{"type":"ProjectedCRS","name":"unknown","base_crs":{"name":"unknown","datum":{"type":"GeodeticReferenceFrame","name":"unknown","ellipsoid":{"name":"unknown","radius":6371229}},"coordinate_system":{"subtype":"ellipsoidal","axis":[{"name":"Longitude","direction":"east","unit":"degree"},{"name":"Latitude","direction":"north","unit":"degree"}]}},"conversion":{"name":"unknown","method":{"name":"Polar Stereographic (variant B)"},"parameters":[{"name":"Latitude of standard parallel","value":70,"unit":"degree"},{"name":"Longitude of origin","value":-45,"unit":"degree"},{"name":"False easting","value":0,"unit":{"type":"LinearUnit","name":"kilometre","conversion_factor":1000}},{"name":"False northing","value":0,"unit":{"type":"LinearUnit","name":"kilometre","conversion_factor":1000}}]},"coordinate_system":{"subtype":"Cartesian","axis":[{"name":"Easting","direction":"south","unit":{"type":"LinearUnit","name":"kilometre","conversion_factor":1000}},{"name":"Northing","direction":"south","unit":{"type":"LinearUnit","name":"kilometre","conversion_factor":1000}}]}}',
    ],
    [
      'unknown',
      14,
      48,
      425479.2826,
      5316302.6987,
      0.01,
      '{"type":"BoundCRS","source_crs":{"type":"ProjectedCRS","name":"unknown","base_crs":{"name":"unknown","datum":{"type":"GeodeticReferenceFrame","name":"Unknown based on Bessel 1841 ellipsoid using towgs84=577.326,90.129,463.919,5.137,1.474,5.297,2.4232","ellipsoid":{"name":"Bessel 1841","semi_major_axis":6377397.155,"inverse_flattening":299.1528128}},"coordinate_system":{"subtype":"ellipsoidal","axis":[{"name":"Longitude","direction":"east","unit":"degree"},{"name":"Latitude","direction":"north","unit":"degree"}]}},"conversion":{"name":"unknown","method":{"name":"Transverse Mercator"},"parameters":[{"name":"Latitude of natural origin","value":0,"unit":"degree"},{"name":"Longitude of natural origin","value":15,"unit":"degree"},{"name":"Scale factor at natural origin","value":0.9996,"unit":"unity"},{"name":"False easting","value":500000,"unit":"metre"},{"name":"False northing","value":0,"unit":"metre"}]},"coordinate_system":{"subtype":"Cartesian","axis":[{"name":"Easting","direction":"east","unit":"metre"},{"name":"Northing","direction":"north","unit":"metre"}]}},"target_crs":{"type":"GeographicCRS","name":"WGS 84","datum":{"type":"GeodeticReferenceFrame","name":"World Geodetic System 1984","ellipsoid":{"name":"WGS 84","semi_major_axis":6378137,"inverse_flattening":298.257223563}},"coordinate_system":{"subtype":"ellipsoidal","axis":[{"name":"Latitude","direction":"north","unit":"degree"},{"name":"Longitude","direction":"east","unit":"degree"}]}},"transformation":{"name":"Transformation from unknown to WGS84","method":{"name":"Position Vector transformation (geog2D domain)"},"parameters":[{"name":"X-axis translation","value":577.326,"unit":"metre"},{"name":"Y-axis translation","value":90.129,"unit":"metre"},{"name":"Z-axis translation","value":463.919,"unit":"metre"},{"name":"X-axis rotation","value":5.137,"unit":{"type":"AngularUnit","name":"arc-second","conversion_factor":4.84813681109536e-06}},{"name":"Y-axis rotation","value":1.474,"unit":{"type":"AngularUnit","name":"arc-second","conversion_factor":4.84813681109536e-06}},{"name":"Z-axis rotation","value":5.297,"unit":{"type":"AngularUnit","name":"arc-second","conversion_factor":4.84813681109536e-06}},{"name":"Scale difference","value":2.4232,"unit":{"type":"ScaleUnit","name":"parts per million","conversion_factor":1e-06}}]}}',
    ],
  ])('of %s is where PROJ has it', (name, lon, lat, x, y, tolerance, json) => {
    const crs = Crs.parse(json);
    expect(crs.name).toBe(name);
    const [ownX, ownY] = createTransform(Crs.wgs84, crs).forward(lon, lat);
    expect(Math.hypot(ownX - x, ownY - y) * (crs.metresPerUnit ?? 1)).toBeLessThan(tolerance);
  });

  it('is a code when it has one, and is refused when it is not a CRS', () => {
    const named = { type: 'GeographicCRS', name: 'WGS 84 (CRS84)', id: { authority: 'OGC', code: 'CRS84' } };
    expect(Crs.fromProjJson(named).epsg).toBe(4326);
    expect(Crs.fromProjJson({ id: { authority: 'EPSG', code: 25832 } }).epsg).toBe(25832);
    expect(() => Crs.fromProjJson({ type: 'EngineeringCRS' })).toThrow(
      /is a "EngineeringCRS"; give a geographic/,
    );
    expect(() => Crs.fromProjJson(null)).toThrow(/PROJJSON has no type/);
  });
});

describe('authority names', () => {
  // GDAL 3.6.2, SetFromUserInput, gives the same codes (CRS84 being EPSG:4326 with the longitude first).
  it.each([
    ['urn:ogc:def:crs:OGC:1.3:CRS84h', 4326],
    ['http://www.opengis.net/def/crs/OGC/1.3/CRS84', 4326],
    ['OGC:CRS83', 4269],
    ['WGS84', 4326],
    ['http://www.opengis.net/gml/srs/epsg.xml#25832', 25832],
    ['http://opengis.net/def/crs/EPSG/0/25832', 25832],
    ['urn:x-ogc:def:crs:EPSG:25832', 25832],
    ['+init=epsg:25832 +type=crs', 25832],
    ['EPSG::25832', 25832],
  ])('%s is EPSG:%i', (text, code) => {
    expect(Crs.parse(text).epsg).toBe(code);
  });

  it('are read from WKT with parentheses and lower case', () => {
    const wkt =
      'geogcs ( "WGS 84" , datum ( "WGS_1984" , spheroid ( "WGS 84" , 6378137 , 298.257223563 ) ) , unit ( "degree" , 0.0174532925199433 ) )';
    expect(Crs.parse(wkt).equals(Crs.wgs84)).toBe(true);
  });
});

describe('compound CRSs', () => {
  it.each(['EPSG:7415', 'EPSG:28992+5709'])('%s is its horizontal part', (text) => {
    expect(Crs.parse(text)).toBe(Crs.fromEpsg(28992));
  });
});

describe('transformations between datums', () => {
  // x and y by pyproj (PROJ 9.1.1): Transformer.from_crs(from, to, always_xy=True).transform(x, y).
  it.each([
    ['EPSG:28355', 'EPSG:7855', 500000, 6000000, 500000.52, 6000001.4449],
    ['EPSG:7855', 'EPSG:28355', 500000.52, 6000001.4449, 500000, 6000000],
    ['EPSG:3111', 'EPSG:7899', 2500000, 2400000, 2500000.5214, 2400001.4606],
    ['EPSG:26918', 'EPSG:2959', 500000, 4500000, 500000, 4500000],
    ['EPSG:4269', 'EPSG:4617', -75, 45, -75, 45],
  ])('%s to %s go by EPSG’s own, not by WGS 84', (from, to, x, y, wantedX, wantedY) => {
    const [ownX, ownY] = createTransform(Crs.parse(from), Crs.parse(to)).forward(x, y);
    expect(ownX).toBeCloseTo(wantedX, 2);
    expect(ownY).toBeCloseTo(wantedY, 2);
  });

  it('with an accuracy of metres have a note', () => {
    const transform = (from: number, to: number) => createTransform(Crs.fromEpsg(from), Crs.fromEpsg(to));
    expect(transform(28355, 7855).accuracyNote).toBeNull();
    expect(transform(26918, 2959).accuracyNote).toBe(
      'EPSG:26918 and EPSG:2959: no exact shift between their datums is known, so positions may be off by up to 2 m',
    );
    expect(transform(26918, 26919).accuracyNote).toBeNull();
  });
});
