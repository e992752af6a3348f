# What test, demo and bench share; sourced by them, with bash.
# Every long command runs as a job of its own process group, so that Ctrl-C or a TERM ends it and all that it started.

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
builds=${OREMARK_BUILD:-$top/build} # the folder for all builds
cores=$(nproc)
job=

say() { printf '%s\n' "$*"; }
die() {
  printf '%s: %s\n' "${0##*/}" "$*" >&2
  exit 1
}

# Seconds since SINCE (a value of $EPOCHREALTIME), with one decimal.
seconds_since() {
  local now=${EPOCHREALTIME/[.,]/} then=${1/[.,]/}
  local tenths=$(((now - then + 50000) / 100000))
  printf '%d.%d' $((tenths / 10)) $((tenths % 10))
}

# Ends the running job with all its children.
end_job() {
  [[ -n $job ]] || return 0
  kill -TERM -- "-$job" 2>/dev/null
  local i
  for ((i = 0; i < 50; i++)); do
    kill -0 -- "-$job" 2>/dev/null || break
    sleep 0.1
  done
  kill -KILL -- "-$job" 2>/dev/null
  job=
}

# run LOG COMMAND...: runs COMMAND with its output in LOG; its exit status.
run() {
  local log=$1 status
  shift
  set -m
  "$@" >"$log" 2>&1 </dev/null &
  job=$!
  set +m
  wait "$job"
  status=$?
  job=
  return $status
}

# step TEXT LOG COMMAND...: runs COMMAND and prints TEXT with the seconds it took; if it fails, prints what it said and exits.
step() {
  local text=$1 log=$2 start=$EPOCHREALTIME
  shift 2
  printf '  %-52s' "$text"
  if run "$log" "$@"; then
    printf '%7s s\n' "$(seconds_since "$start")"
  else
    printf ' failed\n'
    tail -n 60 "$log" >&2
    die "\"$*\" failed; all it said is in $log"
  fi
}

# install_packages KIND...: installs the Debian packages of these kinds (see deploy/packages) that are not there yet.
install_packages() {
  local kinds=" $* " kind name rest missing=() sudo=()
  command -v apt-get >/dev/null && command -v dpkg-query >/dev/null || {
    say "  this is no Debian: the libraries named in deploy/packages must be there already"
    return 0
  }
  while read -r kind name rest; do
    [[ $kinds == *" $kind "* ]] || continue
    [[ $(dpkg-query -W -f '${db:Status-Status}' "$name" 2>/dev/null) == installed ]] || missing+=("$name")
  done <"$top/deploy/packages"
  ((${#missing[@]})) || {
    say "  packages are installed"
    return 0
  }
  if ((EUID != 0)); then
    command -v sudo >/dev/null || die "not root and no sudo here; as root: apt-get install ${missing[*]}"
    sudo=(sudo)
    sudo -v || die "sudo refused; as root: apt-get install ${missing[*]}"
  fi
  mkdir -p "$builds"
  step "reading the lists of packages" "$builds/apt.log" "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q update
  step "installing ${#missing[@]} packages" "$builds/apt.log" "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive \
    apt-get -q -y --no-install-recommends -o Dpkg::Use-Pty=0 install "${missing[@]}"
}

# build NAME TEXT CMAKE-OPTION...: configures and builds in $builds/NAME.
build() {
  local dir=$builds/$1 text=$2
  shift 2
  mkdir -p "$dir"
  step "configuring, $text" "$dir/configure.log" cmake -S "$top" -B "$dir" -G Ninja "$@"
  step "building, $text" "$dir/build.log" cmake --build "$dir" -j "$cores"
}
