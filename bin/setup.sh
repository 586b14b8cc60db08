# Sets up what a fresh machine lacks: Java 17+, Python packages. Sourced by the commands beside README.md.
# shellcheck shell=bash
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
venv=$root/.venv
setup_log=$root/.cache/setup.log

say() { printf '%s\n' "$*" >&2; }
stop() { local code=$1; shift; say "$*"; exit "$code"; }

# --- Python ---------------------------------------------------------------------------------------

find_python() {
    local name
    for name in python3 python3.14 python3.13 python3.12 python3.11; do
        if "$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            command -v "$name"
            return
        fi
    done
    stop 2 "Python 3.11 or newer is needed, and $(python3 --version 2>/dev/null || echo 'no python3') was found: install it and run the command again."
}

lock_checksum() { cksum <"$root/requirements.lock"; }
venv_is_ready() { [ -x "$venv/bin/python" ] && [ "$(cat "$venv/.lock-checksum" 2>/dev/null)" = "$(lock_checksum)" ]; }

make_venv() {
    local python
    python=$(find_python)
    say "Making .venv (pyspark is 450 MB) ..."
    if ! "$python" -c 'import ensurepip' 2>/dev/null; then
        local package
        package=$("$python" -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])')
        apt_install "$package" || stop 2 "Python's venv module is missing: install the package $package and run the command again."
    fi
    rm -rf "$venv"
    {
        "$python" -m venv "$venv" &&
            "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-input --no-compile \
                --require-hashes -r "$root/requirements.lock"
    } >>"$setup_log" 2>&1 || stop 1 "The Python packages could not be installed ($(last_words)): see $setup_log, and run the command again."
    echo "../../../../lib" >"$("$venv/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/tracklake.pth"
    lock_checksum >"$venv/.lock-checksum"
}

# --- Java -----------------------------------------------------------------------------------------

java_version_of() { # the major version of the Java at home $1, read from its release file, else asked of it
    local line
    line=$(sed -n 's/^JAVA_VERSION="\{0,1\}\([0-9]*\).*/\1/p' "$1/release" 2>/dev/null || true)
    [ -n "$line" ] || line=$("$1/bin/java" -version 2>&1 | sed -n 's/.*version "\([0-9]*\).*/\1/p' || true)
    echo "${line:-0}"
}

find_java() { # prints the home of a Java 17 or newer
    local home
    for home in "${JAVA_HOME:-}" "$(home_of_java_on_path)" /usr/lib/jvm/* "$(/usr/libexec/java_home -v 17+ 2>/dev/null || true)"; do
        if [ -n "$home" ] && [ -x "$home/bin/java" ] && [ "$(java_version_of "$home")" -ge 17 ]; then
            echo "$home"
            return
        fi
    done
    return 1
}

home_of_java_on_path() {
    local java
    java=$(command -v java) || return 0
    java=$(readlink -f "$java") && dirname "$(dirname "$java")"
}

install_java() {
    say "Installing Java 17 ..."
    apt_install openjdk-17-jre-headless || apt_install openjdk-21-jre-headless ||
        stop 2 "Java 17 or newer is needed and could not be installed from here: install it (openjdk-17-jre-headless), or set JAVA_HOME, and run the command again."
}

# --- A browser, for the tests ---------------------------------------------------------------------

need_browser() { # Chromium and its driver; without them the tests that need one are skipped, but never on CI
    command -v chromedriver >/dev/null || {
        say "Installing Chromium for the tests ..."
        one_at_a_time eval 'command -v chromedriver >/dev/null || { apt_install chromium && apt_install chromium-driver; }' ||
            say "Chromium could not be installed: the tests in a browser are skipped."
    }
}

# --- Both -----------------------------------------------------------------------------------------

apt_install() {
    local as_root=""
    command -v apt-get >/dev/null || return 1
    if [ "$(id -u)" != 0 ]; then
        sudo -n true 2>/dev/null || return 1
        as_root="sudo -n"
    fi
    {
        $as_root env DEBIAN_FRONTEND=noninteractive apt-get update -qq || true
        $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$1"
    } </dev/null >>"$setup_log" 2>&1
}

last_words() { grep -v '^ *$' "$setup_log" | tail -n 1 | cut -c 1-200; }

one_at_a_time() { # runs a function while no other start runs one
    mkdir -p "$root/.cache"
    if command -v flock >/dev/null; then
        (
            flock 9
            "$@"
        ) 9>"$root/.cache/setup.lock"
    else
        "$@"
    fi
}

need_python() { venv_is_ready || one_at_a_time eval 'venv_is_ready || make_venv'; }

need_java() {
    JAVA_HOME=$(find_java) || {
        one_at_a_time eval 'find_java >/dev/null || install_java'
        JAVA_HOME=$(find_java) || stop 2 "Java was installed but is not found: set JAVA_HOME and run the command again."
    }
    export JAVA_HOME
}
