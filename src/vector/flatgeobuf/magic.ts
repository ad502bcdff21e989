/** `fgb`, the version, `fgb`; then a patch level, which is ignored. */
export const MAGIC = [0x66, 0x67, 0x62, 0x03, 0x66, 0x67, 0x62] as const;
