#!/bin/sh
# Installs signalbox << .Version >> on Linux and macOS. It checks the SHA-256 of what
# it has got before it unpacks it, and the signature where minisign is installed.
#
#   sh install.sh [--prefix FOLDER] [--from FOLDER-OR-URL]
#
# The default prefix is /usr/local for root, else ~/.local. The files come from where
# this script lies when they lie beside it, else from the release.
set -eu

version='<< .Version >>'
from=
url='<< .URL >>'
key='<< .Key >>'
prefix=

fail() {
  echo "install.sh: $1" >&2
  exit 1
}

while [ $# -gt 0 ]; do
  case $1 in
  --prefix | --from)
    [ $# -gt 1 ] || fail "$1 needs a value."
    if [ "$1" = --prefix ]; then prefix=$2; else from=$2; fi
    shift 2
    ;;
  -h | --help)
    echo "usage: sh install.sh [--prefix FOLDER] [--from FOLDER-OR-URL]"
    exit 0
    ;;
  *) fail "there is no option $1; it takes --prefix and --from." ;;
  esac
done

case $(uname -s) in
Linux) system=linux ;;
Darwin) system=darwin ;;
*) fail "there is no archive for $(uname -s); for Windows there is a zip file." ;;
esac
case $(uname -m) in
x86_64 | amd64) machine=amd64 ;;
aarch64 | arm64) machine=arm64 ;;
*) fail "there is no archive for $(uname -m)." ;;
esac
name=signalbox_${version}_${system}_${machine}

if [ -z "$prefix" ]; then
  if [ "$(id -u)" = 0 ]; then prefix=/usr/local; else prefix=${HOME:?}/.local; fi
fi
if [ -z "$from" ]; then
  case $0 in */*) here=${0%/*} ;; *) here=. ;; esac
  if [ -f "$here/$name.tar.gz" ] && [ -f "$here/SHA256SUMS" ]; then from=$here; else from=$url; fi
fi

work=$(mktemp -d)
staged=
trap 'rm -rf "$work" ${staged:+"$staged"}' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

get() { # a file of the release into $work
  case $from in
  http://127.0.0.1:* | https://*)
    if command -v curl >/dev/null; then
      curl -fsSL --proto-redir '=https' -o "$work/$1" "$from/$1"
    elif command -v wget >/dev/null; then
      wget -q -O "$work/$1" "$from/$1"
    else
      fail "curl or wget is needed to download $from/$1."
    fi
    ;;
  *://*) fail "$from is not https." ;;
  *) cp "$from/$1" "$work/$1" ;;
  esac
}

for file in "$name.tar.gz" SHA256SUMS; do get "$file" || fail "$from/$file cannot be read."; done
if command -v minisign >/dev/null; then
  get SHA256SUMS.minisig || fail "$from/SHA256SUMS.minisig cannot be read."
  minisign -V -q -P "$key" -x "$work/SHA256SUMS.minisig" -m "$work/SHA256SUMS" || fail "the signature of SHA256SUMS is wrong; nothing was installed."
  echo "The signature is right."
else
  echo "The signature was not checked, because minisign is not installed."
fi
want=$(awk -v file="$name.tar.gz" '$2 == file { print $1 }' "$work/SHA256SUMS")
if command -v sha256sum >/dev/null; then
  got=$(sha256sum "$work/$name.tar.gz" | cut -d' ' -f1)
else
  got=$(shasum -a 256 "$work/$name.tar.gz" | cut -d' ' -f1)
fi
[ -n "$want" ] && [ "$want" = "$got" ] || fail "the checksum of $name.tar.gz is wrong; nothing was installed."

tar -xzf "$work/$name.tar.gz" -C "$work"
put() { # FILE FOLDER MODE: by a rename, so that a program that runs goes on
  mkdir -p "$prefix/$2"
  staged=$prefix/$2/.${1##*/}.$$
  cp "$work/$name/$1" "$staged"
  chmod "$3" "$staged"
  mv -f "$staged" "$prefix/$2/${1##*/}"
  staged=
}
put signalbox bin 755
for page in "$work/$name"/man/*.1; do put "man/${page##*/}" share/man/man1 644; done
put completion/signalbox share/bash-completion/completions 644
put completion/_signalbox share/zsh/site-functions 644
put completion/signalbox.fish share/fish/vendor_completions.d 644
echo "signalbox $version is in $prefix/bin."
case :$PATH: in *":$prefix/bin:"*) ;; *) echo "Add $prefix/bin to the PATH." ;; esac
