/** The version of the package, as its provenance records it; a test keeps it equal to package.json's. */
export const VERSION = '0.1.0';
