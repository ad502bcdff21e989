#!/bin/bash
# Builds src/raster/codecs/decoders.wasm and src/raster/codecs/encoders.wasm from the C files beside this script and
# Debian's sources of libdeflate and zstd. Needs Debian 12, and installs nothing itself:
#
#   apt-get install clang lld wasi-libc libclang-rt-dev-wasm32 binaryen
#   bash scripts/codecs/build.sh
#
# The same packages give the same bytes; README.md has their SHA-256.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
target=$here/../../src
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

# A private list of sources: that of the system often has no source packages.
mkdir -p lists/partial parts
sed 's/^Types: .*/Types: deb-src/' /etc/apt/sources.list.d/debian.sources > parts/debian.sources
apt=(apt-get -q -o Dir::Etc::SourceList=/dev/null -o "Dir::Etc::SourceParts=$work/parts" -o "Dir::State::Lists=$work/lists"
  -o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache= -o APT::Sandbox::User=root)
"${apt[@]}" update
"${apt[@]}" source --download-only libdeflate=1.14-1 libzstd=1.5.4+dfsg2-5
sha256sum --check "$here/sources.sha256"
tar xf libdeflate_1.14.orig.tar.gz
tar xf libzstd_1.5.4+dfsg2.orig.tar.xz
deflate=libdeflate-1.14
zstd=zstd-1.5.4/lib

# Both assume registers of the size of a pointer, 4 bytes, but WebAssembly has registers of 8 bytes. For zstd, this is changed
# only in the decoder.
cp -r $zstd wide
sed -i 's/^typedef size_t machine_word_t;/typedef u64 machine_word_t;/' $deflate/common_defs.h
sed -i 's/return sizeof(size_t)==4;/return 0;/; s/return sizeof(size_t)==8;/return 1;/' wide/common/mem.h
sed -i 's/\bsize_t\b/U64/g; s/MEM_readLEST/MEM_readLE64/g; s/MEM_writeLEST/MEM_writeLE64/g' wide/common/bitstream.h
sed -i 's/size_t HUF_initFastDStream/U64 HUF_initFastDStream/; s/size_t const value = MEM_readLEST/U64 const value = MEM_readLE64/
  s/bitContainer = MEM_readLEST/bitContainer = MEM_readLE64/' wide/decompress/huf_decompress.c
# WebAssembly has no prefetch instruction. Loads with unused results replace it for zstd's tables of matches.
sed -i '/^FORCE_INLINE_TEMPLATE void ZSTD_row_prefetch/,/^}/s/PREFETCH_L1(\(.*\));/(void)*(const volatile BYTE*)(\1);/' \
  $zstd/compress/zstd_lazy.c

# compile FOLDER FILE [OPTION ...]: an object in that folder
compile() {
  mkdir -p "$1"
  clang --target=wasm32-wasi -O3 -msimd128 -mbulk-memory -DNDEBUG -DZSTD_DISABLE_ASM -DZSTD_STRIP_ERROR_STRINGS \
    -I "$deflate" -I "$zstd" "${@:3}" -c "$2" -o "$1/$(basename "$2" .c).o"
}
link() {
  clang --target=wasm32-wasi -nostartfiles -Wl,--no-entry,--gc-sections,--strip-all,-z,stack-size=262144 \
    "${@:2}" -o linked.wasm
  wasm-opt -O3 --enable-simd --enable-bulk-memory linked.wasm -o "$target/$1"
  (cd "$target" && sha256sum "$1")
}
cp "$here"/*.[ch] .
for file in memory decode lzw undo; do compile decoders $file.c -Wall -Wextra -Werror; done
for file in memory encode apply; do compile encoders $file.c -Wall -Wextra -Werror; done
for file in utils deflate_decompress zlib_decompress; do compile decoders $deflate/lib/$file.c; done
for file in utils deflate_compress zlib_compress; do compile encoders $deflate/lib/$file.c; done
for file in wide/common/{entropy_common,error_private,fse_decompress,xxhash,zstd_common}.c wide/decompress/*.c; do
  compile decoders "$file"
done
for file in $zstd/common/{entropy_common,error_private,fse_decompress,xxhash,zstd_common}.c $zstd/compress/*.c; do
  case $file in */zstdmt_compress.c) ;; *) compile encoders "$file" -DZSTD_ARCH_X86_SSE2 -I . ;; esac
done
{
  echo '# Licences of what decoders.wasm and encoders.wasm hold'
  echo
  echo 'The parts from `scripts/codecs` have the licence of this package. The texts of the others follow.'
  for part in "libdeflate:$deflate/COPYING" zstd:zstd-1.5.4/LICENSE "wasi-libc:/usr/share/doc/wasi-libc/copyright"; do
    printf '\n## %s\n\n```\n' "${part%%:*}"
    cat "${part#*:}"
    echo '```'
  done
} > "$target/raster/codecs/COPYING.md"
link raster/codecs/decoders.wasm decoders/*.o
link raster/codecs/encoders.wasm encoders/*.o
