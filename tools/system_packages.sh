#!/usr/bin/env bash
# Installs the system libraries that Qt and software rendering need (Debian, Ubuntu), or names them.
set -euo pipefail
[ "$(uname -s)" = Linux ] || exit 0

packages="libegl1 libgl1 libopengl0 libgles2 libgl1-mesa-dri libxkbcommon0 libxkbcommon-x11-0 libdbus-1-3 libfontconfig1 libglib2.0-0
 libxcb-cursor0 libxcb-icccm4 libxcb-image0 libxcb-keysyms1 libxcb-randr0 libxcb-render-util0 libxcb-shape0 libxcb-xinerama0 libxcb-xkb1
 fonts-dejavu-core"
[ "${1:-}" != --with-display ] || packages="$packages xvfb xdotool imagemagick"

if ! command -v dpkg-query >/dev/null; then
  ldconfig -p | grep -q 'libEGL\.so\.1' || echo "Qt needs libEGL, libGL, libxkbcommon, libdbus, fontconfig and the xcb libraries; install them with your package manager." >&2
  exit 0
fi
missing=""
for package in $packages; do
  dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'install ok installed' || missing="$missing $package"
done
[ -n "$missing" ] || exit 0
if [ "$(id -u)" = 0 ]; then
  echo "Installing system libraries:$missing"
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >/dev/null
else
  echo "These system libraries are missing. Please run:  sudo apt-get install$missing" >&2
  exit 1
fi
