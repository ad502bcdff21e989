/*
 * Undoes TIFF predictors and byte order.
 *
 * 2, horizontal differencing (TIFF 6.0, section 14): each sample is stored as its difference from the sample of the same
 * band one pixel to the left, modulo its width; for floats, on their bits.
 * 3, floating point (Adobe Photoshop TIFF Technical Note 3): the bytes of a row are sorted by significance, most
 * significant plane first, and then differenced as bytes at the distance of one pixel's bands.
 */
#include "codecs.h"

/* Swaps each word of `word` bytes in place. */
EXPORT(swap_bytes)
void swap_bytes(uint8_t *bytes, uint32_t size, uint32_t word) {
  if (word == 2) {
    for (uint32_t i = 0; i + 2 <= size; i += 2) {
      const uint8_t first = bytes[i];
      bytes[i] = bytes[i + 1];
      bytes[i + 1] = first;
    }
    return;
  }
  for (uint32_t i = 0; i + word <= size; i += word) {
    for (uint32_t k = 0; k < word / 2; k++) {
      const uint8_t first = bytes[i + k];
      bytes[i + k] = bytes[i + word - 1 - k];
      bytes[i + word - 1 - k] = first;
    }
  }
}

/* Running sums along one row of samples, for each of the interleaved bands. */
#define SUM_ROW(type)                                                                 \
  static inline void sum_row_##type(type *row, uint32_t count, uint32_t samples) {    \
    for (uint32_t i = samples; i < count; i++) row[i] = (type)(row[i] + row[i - samples]); \
  }
SUM_ROW(uint8_t)
SUM_ROW(uint16_t)
SUM_ROW(uint32_t)
SUM_ROW(uint64_t)

static const v128_t ZERO = {0};

/* The sums of 16 bytes, from the first one on. */
static inline v128_t sums8(v128_t x) {
  x = wasm_i8x16_add(x, wasm_i8x16_shuffle(ZERO, x, 0, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30));
  x = wasm_i8x16_add(x, wasm_i8x16_shuffle(ZERO, x, 0, 1, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29));
  x = wasm_i8x16_add(x, wasm_i8x16_shuffle(ZERO, x, 0, 1, 2, 3, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27));
  return wasm_i8x16_add(x, wasm_i8x16_shuffle(ZERO, x, 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23));
}

static inline v128_t sums16(v128_t x) {
  x = wasm_i16x8_add(x, wasm_i16x8_shuffle(ZERO, x, 0, 8, 9, 10, 11, 12, 13, 14));
  x = wasm_i16x8_add(x, wasm_i16x8_shuffle(ZERO, x, 0, 1, 8, 9, 10, 11, 12, 13));
  return wasm_i16x8_add(x, wasm_i16x8_shuffle(ZERO, x, 0, 1, 2, 3, 8, 9, 10, 11));
}

static inline v128_t sums32(v128_t x) {
  x = wasm_i32x4_add(x, wasm_i32x4_shuffle(ZERO, x, 0, 4, 5, 6));
  return wasm_i32x4_add(x, wasm_i32x4_shuffle(ZERO, x, 0, 1, 4, 5));
}

/* Running sums of one band, a vector at a time. */
static void sum_bytes(uint8_t *row, uint32_t count) {
  v128_t before = ZERO;
  uint32_t i = 0;
  for (; i + 16 <= count; i += 16) {
    const v128_t sums = wasm_i8x16_add(sums8(wasm_v128_load(row + i)), before);
    wasm_v128_store(row + i, sums);
    before = wasm_i8x16_shuffle(sums, sums, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15);
  }
  for (i = i == 0 ? 1 : i; i < count; i++) row[i] = (uint8_t)(row[i] + row[i - 1]);
}

static void sum_words16(uint16_t *row, uint32_t count) {
  v128_t before = ZERO;
  uint32_t i = 0;
  for (; i + 8 <= count; i += 8) {
    const v128_t sums = wasm_i16x8_add(sums16(wasm_v128_load(row + i)), before);
    wasm_v128_store(row + i, sums);
    before = wasm_i16x8_shuffle(sums, sums, 7, 7, 7, 7, 7, 7, 7, 7);
  }
  for (i = i == 0 ? 1 : i; i < count; i++) row[i] = (uint16_t)(row[i] + row[i - 1]);
}

static void sum_words32(uint32_t *row, uint32_t count) {
  v128_t before = ZERO;
  uint32_t i = 0;
  for (; i + 4 <= count; i += 4) {
    const v128_t sums = wasm_i32x4_add(sums32(wasm_v128_load(row + i)), before);
    wasm_v128_store(row + i, sums);
    before = wasm_i32x4_shuffle(sums, sums, 3, 3, 3, 3);
  }
  for (i = i == 0 ? 1 : i; i < count; i++) row[i] += row[i - 1];
}

/* Running sums of bytes at the distance of a pixel's bands. */
static void sum_bytes_apart(uint8_t *row, uint32_t count, uint32_t samples) {
  if (samples == 1) sum_bytes(row, count);
  else sum_row_uint8_t(row, count, samples);
}

/* Undoes predictor 2 in place. A row has `count` values of all bands; `bytes` is aligned to them. */
EXPORT(undo_differences)
void undo_differences(uint8_t *bytes, uint32_t rows, uint32_t count, uint32_t samples, uint32_t bytes_per_sample) {
  for (uint32_t y = 0; y < rows; y++) {
    void *row = bytes + (size_t)y * count * bytes_per_sample;
    if (bytes_per_sample == 1) sum_bytes_apart(row, count, samples);
    else if (bytes_per_sample == 2 && samples == 1) sum_words16(row, count);
    else if (bytes_per_sample == 2) sum_row_uint16_t(row, count, samples);
    else if (bytes_per_sample == 4 && samples == 1) sum_words32(row, count);
    else if (bytes_per_sample == 4) sum_row_uint32_t(row, count, samples);
    else sum_row_uint64_t(row, count, samples);
  }
}

/* Joins four planes of bytes, most significant first, to little-endian words. */
static void join4(const uint8_t *planes, uint8_t *to, uint32_t count) {
  uint32_t i = 0;
  for (; i + 16 <= count; i += 16) {
    const v128_t a = wasm_v128_load(planes + i);
    const v128_t b = wasm_v128_load(planes + count + i);
    const v128_t c = wasm_v128_load(planes + 2 * count + i);
    const v128_t d = wasm_v128_load(planes + 3 * count + i);
    const v128_t low1 = wasm_i8x16_shuffle(d, c, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
    const v128_t low2 = wasm_i8x16_shuffle(d, c, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
    const v128_t high1 = wasm_i8x16_shuffle(b, a, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
    const v128_t high2 = wasm_i8x16_shuffle(b, a, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
    wasm_v128_store(to + 4 * i, wasm_i16x8_shuffle(low1, high1, 0, 8, 1, 9, 2, 10, 3, 11));
    wasm_v128_store(to + 4 * i + 16, wasm_i16x8_shuffle(low1, high1, 4, 12, 5, 13, 6, 14, 7, 15));
    wasm_v128_store(to + 4 * i + 32, wasm_i16x8_shuffle(low2, high2, 0, 8, 1, 9, 2, 10, 3, 11));
    wasm_v128_store(to + 4 * i + 48, wasm_i16x8_shuffle(low2, high2, 4, 12, 5, 13, 6, 14, 7, 15));
  }
  for (; i < count; i++) {
    for (uint32_t plane = 0; plane < 4; plane++) to[4 * i + 3 - plane] = planes[plane * count + i];
  }
}

/* Undoes predictor 3; changes `bytes`. */
EXPORT(join_planes)
void join_planes(uint8_t *bytes, uint8_t *result, uint32_t rows, uint32_t count, uint32_t samples,
                 uint32_t bytes_per_sample) {
  const uint32_t row_bytes = count * bytes_per_sample;
  for (uint32_t y = 0; y < rows; y++, bytes += row_bytes, result += row_bytes) {
    sum_bytes_apart(bytes, row_bytes, samples);
    if (bytes_per_sample == 4) {
      join4(bytes, result, count);
      continue;
    }
    for (uint32_t plane = 0; plane < bytes_per_sample; plane++) {
      const uint8_t *from = bytes + plane * count;
      uint8_t *to = result + bytes_per_sample - 1 - plane;
      for (uint32_t i = 0; i < count; i++) to[i * bytes_per_sample] = from[i];
    }
  }
}
