#!/usr/bin/env bash
# The parts of a Kubernetes node, compiled from Debian's source package, into ~/.cache/dnstide-kube/bin: once, ten minutes of
# CPU time. Newer ones that lie on PATH are as good: see cluster.py. As root.
set -euo pipefail
home=${XDG_CACHE_HOME:-$HOME/.cache}/dnstide-kube
parts=(kube-apiserver kube-controller-manager kube-scheduler kubelet kube-proxy)
mkdir -p "$home/bin"
absent=()
for part in "${parts[@]}"; do [ -x "$home/bin/$part" ] || absent+=("cmd/$part"); done
[ ${#absent[@]} -eq 0 ] && exit 0
DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
  golang-1.19-go golang-github-modern-go-reflect2-dev rsync dpkg-dev >/dev/null
work=$(mktemp -d "$home/build.XXXXXX")
trap 'rm -rf "$work"' EXIT
cd "$work"
# Debian's sources, from where this machine has its packages
sources=$work/src.sources
sed -n '1,/^$/s/^Types: .*/Types: deb-src/p;1,/^$/{/^Types:/!p}' /etc/apt/sources.list.d/debian.sources >"$sources"
apt_options=(-o "Dir::Etc::SourceList=/dev/null" -o "Dir::Etc::SourceParts=/dev/null" -o "Dir::Etc::SourceList=$sources" -o "Dir::State::Lists=$work/lists")
mkdir -p lists/partial
apt-get "${apt_options[@]}" update -qq
apt-get "${apt_options[@]}" source -qq kubernetes >/dev/null
tree=$(find . -maxdepth 1 -type d -name 'kubernetes-*')
# The copy of this library in the source crashes with the compiler that Debian has.
library=$tree/vendor/github.com/modern-go/reflect2
rm -f "$library"/*.go "$library"/*.s
dpkg -L golang-github-modern-go-reflect2-dev | grep -E '/reflect2/[^/]*\.(go|s)$' | grep -v _test.go | xargs cp -t "$library"
version=${tree##*really}
cat >version <<END
KUBE_GIT_COMMIT='debian'
KUBE_GIT_TREE_STATE='clean'
KUBE_GIT_VERSION='v$version'
KUBE_GIT_MAJOR='$(cut -d. -f1 <<<"$version")'
KUBE_GIT_MINOR='$(cut -d. -f2 <<<"$version")'
END
export PATH=/usr/lib/go-1.19/bin:$PATH HOME=$work/home GOPATH=$work/go GOCACHE=$work/cache KUBE_GIT_VERSION_FILE=$work/version \
  CGO_ENABLED=0 GOPROXY=off GOFLAGS="" KUBE_GO_BUILD_PARALLEL=1
mkdir -p "$HOME"
make -C "$tree" WHAT="${absent[*]}" >build.log 2>&1 || { tail -20 build.log; exit 1; }
for part in "${absent[@]}"; do install "$tree/_output/local/bin/linux/amd64/${part#cmd/}" "$home/bin/"; done
