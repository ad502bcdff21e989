#!/usr/bin/env bash
# Measures a node of a Slurm cluster with one command from a clean checkout: installs and builds terrachip here if necessary,
# and submits a job that runs `terrachip bench` on one GPU. The result is in the current folder as
# terrachip-bench-JOB.json and .md, where JOB is the number of the job.
#
#   bash bench/slurm.sh [SBATCH OPTION ...] [-- BENCH ARGUMENT ...]
#   bash bench/slurm.sh --partition gpu --account p200000 --time 00:30:00
#   bash bench/slurm.sh --partition cpu --gpus 0 -- --backend cpu      a node without a GPU
#
# The default bench arguments are `--backend webgpu`. TERRACHIP_BENCH_RUN is put before the command in the job,
# for instance `apptainer exec --nv terrachip.sif`.
set -euo pipefail
root=$(dirname "$(dirname "$(realpath "${BASH_SOURCE[0]}")")")

options=()
while [ $# -gt 0 ] && [ "$1" != -- ]; do
  options+=("$1")
  shift
done
[ $# -eq 0 ] || shift
[ $# -gt 0 ] || set -- --backend webgpu

# Compute nodes often have no network: packages are installed here.
cd "$root"
[ -d node_modules ] || npm ci --ignore-scripts
[ -f dist/cli/main.js ] || node scripts/build.js
cd "$OLDPWD"

command=$(printf '%q ' "$(command -v node)" "$root/bin/terrachip.js" bench "$@")
# shellcheck disable=SC2016 # the job expands its number
result='terrachip-bench-$SLURM_JOB_ID'
sbatch --job-name=terrachip-bench --ntasks=1 --gpus=1 --time=01:00:00 --output=terrachip-bench-%j.log \
  ${options[@]+"${options[@]}"} \
  --wrap "set -e; ${TERRACHIP_BENCH_RUN:-} $command --output $result.json > $result.md"
