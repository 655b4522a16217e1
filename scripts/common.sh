# What demo and test share; read by them, not run. Leaves the working directory at the sources' root.
CDPATH= cd -- "$(dirname -- "$0")/.."
[ -w . ] || {
  echo "$0: cannot write to $PWD, where it builds: copy the sources into a folder of yours" >&2
  exit 1
}
jobs=$(nproc)

# The preset that fits this machine: cuda where a CUDA toolkit is, in reach of PATH or in its usual
# place. The first toolkit that takes g++ 13 is 12.4.
fitting_preset() {
  nvcc=$(command -v nvcc || echo /usr/local/cuda/bin/nvcc)
  if [ ! -x "$nvcc" ]; then
    preset=cpu
    return
  fi
  release=$("$nvcc" --version | sed -n 's/.*release \([0-9]*\)\.\([0-9]*\).*/\1 \2/p')
  if [ "${release% *}" -gt 12 ] || { [ "${release% *}" -eq 12 ] && [ "${release#* }" -ge 4 ]; }; then
    export CUDACXX="$nvcc"
    preset=cuda
  else
    echo "$nvcc is older than 12.4: building without it"
    preset=cpu
  fi
}
