/* Decompression by libdeflate and zstd. Sizes are returned; negative numbers are failures. */
#include "codecs.h"
#include "libdeflate.h"
#include "zstd.h"

/* The zlib stream must be complete, and fit. */
EXPORT(deflate_decode)
int32_t deflate_decode(const uint8_t *stored, uint32_t stored_size, uint8_t *output, uint32_t capacity) {
  static struct libdeflate_decompressor *decompressor;
  if (decompressor == NULL && (decompressor = libdeflate_alloc_decompressor()) == NULL) return -1;
  size_t used, size;
  const enum libdeflate_result result =
      libdeflate_zlib_decompress_ex(decompressor, stored, stored_size, output, capacity, &used, &size);
  return result == LIBDEFLATE_SUCCESS ? (int32_t)size : -1;
}

EXPORT(zstd_decode)
int32_t zstd_decode(const uint8_t *stored, uint32_t stored_size, uint8_t *output, uint32_t capacity) {
  static ZSTD_DCtx *context;
  if (context == NULL && (context = ZSTD_createDCtx()) == NULL) return -1;
  const size_t size = ZSTD_decompressDCtx(context, output, capacity, stored, stored_size);
  return ZSTD_isError(size) ? -1 : (int32_t)size;
}
