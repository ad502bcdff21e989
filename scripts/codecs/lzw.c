/*
 * LZW of TIFF (TIFF 6.0, section 13): codes of 9 to 12 bits. 0 to 255 are bytes, 256 clears the table, 257 ends the
 * stream, and the others are earlier strings.
 *
 * A new entry is the previous string and the byte after it in the output. So an entry is a position in the output, its
 * string ends at the byte after the position of the next entry, and a code is decoded by one forward copy instead of a
 * chain of prefixes. The 256 single bytes are before the output as strings of one byte, so that all codes but two are
 * decoded in the same way.
 */
#include "codecs.h"

enum { LITERALS = 256, CLEAR = 256, END = 257, MIN_WIDTH = 9, MAX_WIDTH = 12, TABLE = 1 << MAX_WIDTH };

/* The start of the string of a code. That after the newest entry is known too; a full table writes the last. */
static uint32_t positions[TABLE + 2];

static inline uint64_t load64(const void *at) {
  uint64_t word;
  memcpy(&word, at, 8);
  return word;
}

/* The next 8 bytes, the first in the highest bits. WebAssembly swaps bytes of vectors alone in one step. */
static inline uint64_t load64_swapped(const void *at) {
  const v128_t word = wasm_v128_load64_zero(at);
  return wasm_i64x2_extract_lane(
      wasm_i8x16_shuffle(word, word, 7, 6, 5, 4, 3, 2, 1, 0, 8, 9, 10, 11, 12, 13, 14, 15), 0);
}

/* Byte by byte in order: a string may overlap its copy. */
static inline void copy_slowly(uint8_t *to, const uint8_t *string, const uint8_t *last) {
  while (to < last) *to++ = *string++;
}

/*
 * The next code of `width` bits, the highest first, and its string; the ITEM-th after bits were loaded. CLEAR and END are
 * left to the other loop.
 */
#define STEP(width, item)                                                                           \
  {                                                                                                 \
    const uint32_t code = (uint32_t)(bits >> (64 - (width)));                                       \
    if ((code & ~1u) == CLEAR) {                                                                    \
      held -= (width) * (item);                                                                     \
      goto other;                                                                                   \
    }                                                                                               \
    bits <<= (width);                                                                               \
    positions[++next] = to;                                                                         \
    if (code >= next) return -(int32_t)code;                                                        \
    const uint64_t entry = load64(positions + code);                                                \
    const uint8_t *string = output + (uint32_t)entry;                                               \
    uint8_t *copy = output + to;                                                                    \
    const uint32_t length = (uint32_t)(entry >> 32) - (uint32_t)entry + (code > END);               \
    to += length;                                                                                   \
    if (length <= 16 && copy - string >= 16 && to < end) {                                          \
      wasm_v128_store(copy, wasm_v128_load(string));                                                \
    } else if (to < end) {                                                                          \
      copy_slowly(copy, string, output + to);                                                       \
    } else {                                                                                        \
      copy_slowly(copy, string, output + end);                                                      \
      return (int32_t)size;                                                                         \
    }                                                                                               \
  }

/* Codes by four, as long as the table has room for them at this width: 48 bits are always there after a load. */
#define STEPS(width, room)                                                        \
  while (from + 8 <= stored_size && next + 4 < (room)) {                          \
    bits |= load64_swapped(stored + from) >> held;                                \
    from += (63 - held) >> 3;                                                     \
    held |= 56;                                                                   \
    STEP(width, 0) STEP(width, 1) STEP(width, 2) STEP(width, 3)                   \
    held -= 4 * (width);                                                          \
  }

/* Before TIFF 5.0 the lowest bit of each byte came first, and codes widened one code later. */
static inline int32_t expand(const uint8_t *stored, uint32_t stored_size, uint8_t *output, uint32_t size,
                             const int old_style) {
  const uint32_t early = old_style ? 0 : 1;
  uint32_t width = MIN_WIDTH;
  uint32_t widen_at = (1u << width) - early;
  /* The first code after a clear defines no string; its entry is never looked up. */
  uint32_t next = END;
  uint32_t from = 0;
  uint64_t bits = 0;
  uint32_t held = 0;
  uint32_t to = LITERALS;
  const uint32_t end = LITERALS + size;
  while (to < end) {
    if (!old_style) {
      if (width == 9) STEPS(9, 511)
      else if (width == 10) STEPS(10, 1023)
      else if (width == 11) STEPS(11, 2047)
      else STEPS(12, TABLE)
    }
  other:
    if (held < MAX_WIDTH) {
      if (from + 8 <= stored_size) {
        bits |= old_style ? load64(stored + from) << held : load64_swapped(stored + from) >> held;
        from += (63 - held) >> 3;
        held |= 56;
      } else {
        while (held < 56 && from < stored_size) {
          const uint64_t byte = stored[from++];
          bits |= old_style ? byte << held : byte << (56 - held);
          held += 8;
        }
        if (held < width) break;
      }
    }
    const uint32_t code = (uint32_t)(old_style ? bits & ((1u << width) - 1) : bits >> (64 - width));
    bits = old_style ? bits >> width : bits << width;
    held -= width;
    if ((code & ~1u) == CLEAR) {
      if (code == END) break;
      width = MIN_WIDTH;
      widen_at = (1u << width) - early;
      next = END;
      continue;
    }
    positions[next + 1] = to;
    if (next < TABLE) next++;
    if (code >= next) return -(int32_t)code;
    const uint64_t entry = load64(positions + code);
    const uint32_t length = (uint32_t)(entry >> 32) - (uint32_t)entry + (code > END);
    uint8_t *copy = output + to;
    to = length < end - to ? to + length : end;
    copy_slowly(copy, output + (uint32_t)entry, output + to);
    if (next >= widen_at && width < MAX_WIDTH) {
      width++;
      widen_at = (1u << width) - early;
    }
  }
  return (int32_t)(to - LITERALS);
}

/*
 * Expands a stream until `size` bytes, its end code or its last byte. The bytes follow 256 literals in `output`, which
 * has LITERALS + size + SLACK bytes. Returns their number, or a code without a string as a negative number.
 */
EXPORT(lzw_decode)
int32_t lzw_decode(const uint8_t *stored, uint32_t stored_size, uint8_t *output, uint32_t size) {
  for (uint32_t byte = 0; byte < LITERALS; byte++) {
    output[byte] = (uint8_t)byte;
    positions[byte] = byte;
  }
  positions[LITERALS] = LITERALS;
  /* As in libtiff, the old style is recognised by its first code, a clear, which then starts with a zero byte. */
  const int old_style = stored_size >= 2 && stored[0] == 0 && (stored[1] & 1) == 1;
  return old_style ? expand(stored, stored_size, output, size, 1)
                   : expand(stored, stored_size, output, size, 0);
}
