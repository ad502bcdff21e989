/* Compression by libdeflate and zstd. Sizes are returned; 0 and negative numbers are failures. */
#include "codecs.h"
#include "libdeflate.h"
#include "zstd.h"

EXPORT(deflate_encode)
int32_t deflate_encode(int32_t level, const uint8_t *bytes, uint32_t size, uint8_t *output, uint32_t capacity) {
  static struct libdeflate_compressor *compressors[13];
  struct libdeflate_compressor **compressor = &compressors[level];
  if (*compressor == NULL && (*compressor = libdeflate_alloc_compressor(level)) == NULL) return -1;
  return (int32_t)libdeflate_zlib_compress(*compressor, bytes, size, output, capacity);
}

EXPORT(zstd_encode)
int32_t zstd_encode(int32_t level, const uint8_t *bytes, uint32_t size, uint8_t *output, uint32_t capacity) {
  static ZSTD_CCtx *context;
  if (context == NULL && (context = ZSTD_createCCtx()) == NULL) return -1;
  const size_t written = ZSTD_compressCCtx(context, output, capacity, bytes, size, level);
  return ZSTD_isError(written) ? -1 : (int32_t)written;
}
