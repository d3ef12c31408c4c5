#!/bin/sh
# Writes what an image was made of, in SPDX 2.3: the files, the Debian sources
# that were compiled, the Debian packages whose objects were linked, and all
# other packages that were there.  Runs in the build stage of the Dockerfile.
#
#	docker/sbom.sh DIRECTORY		the image's files
#
# It wants SOURCE_DATE_EPOCH, the linker's maps in /src/*.map and the sources
# below /src.

set -eu
out=$1
cd /src
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# A name that SPDX allows: letters, digits, dots and hyphens.
# shellcheck disable=SC2016	# awk's own
spdx='
function id(text) { gsub(/[^A-Za-z0-9.-]/, "-", text); return "SPDXRef-" text }
function url(text) { gsub(/\+/, "%2B", text); gsub(/:/, "%3A", text); return text }
function relate(from, how, to) {
	relations = relations sprintf(",\n    {\"spdxElementId\": \"%s\", \"relationshipType\": \"%s\", \"relatedSpdxElement\": \"%s\"}", from, how, to)
}'

# name version architecture source source-version
dpkg-query -W -f '${Package} ${Version} ${Architecture} ${source:Package} ${source:Version}\n' |
	sort >"$work/installed"

# name or name:architecture, of every archive and object that was opened to link
sed -n 's|^LOAD \(/.*\)|\1|p' ./*.map | grep -v -e ^/obj/ -e ^/opt/ -e ^/src/ |
	xargs realpath | sort -u | xargs dpkg-query -S |
	sed 's|: /.*||' | sort -u >"$work/linked"

# name version sha256-of-the-dsc
for name in curl libsecp256k1 lighttpd
do
	set -- "$name"_*.dsc
	echo "$name $(dpkg-parsechangelog -l "$name/debian/changelog" -S Version) $(sha256sum <"$1" | cut -d ' ' -f 1)"
done >"$work/sources"

# name sha1 sha256
(cd "$out" && find . -type f | LC_ALL=C sort) | while read -r file
do
	echo "${file#.} $(sha1sum <"$out/$file" | cut -d ' ' -f 1) $(sha256sum <"$out/$file" | cut -d ' ' -f 1)"
done >"$work/files"

own=$(cd oyster && find . -type f -exec sha256sum {} + | LC_ALL=C sort -k 2 | sha256sum | cut -d ' ' -f 1)
all=$(cat "$work/installed" "$work/sources" "$work/files" | sha256sum | cut -d ' ' -f 1)
arch=$(cat /host)

awk -v own="$own" -v all="$all" -v arch="${arch%%-*}" \
	-v created="$(date -u -d "@$SOURCE_DATE_EPOCH" +%Y-%m-%dT%H:%M:%SZ)" "$spdx"'
function package(ref, name, version, supplier, more) {
	printf "%s    {\"SPDXID\": \"%s\", \"name\": \"%s\", \"versionInfo\": \"%s\", \"supplier\": \"%s\", \"downloadLocation\": \"NOASSERTION\", \"filesAnalyzed\": false%s}",
		comma, ref, name, version, supplier, more
	comma = ",\n"
}
function sum(kind, hex) {
	return sprintf("\"checksums\": [{\"algorithm\": \"%s\", \"checksumValue\": \"%s\"}]", kind, hex)
}
function purl(name, version, arch) {
	return sprintf("\"externalRefs\": [{\"referenceCategory\": \"PACKAGE-MANAGER\", \"referenceType\": \"purl\", \"referenceLocator\": \"pkg:deb/debian/%s@%s?arch=%s\"}]",
		url(name), url(version), arch)
}
BEGIN {
	image = "SPDXRef-image"
	printf "{\n  \"spdxVersion\": \"SPDX-2.3\",\n  \"dataLicense\": \"CC0-1.0\",\n  \"SPDXID\": \"SPDXRef-DOCUMENT\",\n"
	printf "  \"name\": \"oyster-image-%s\",\n  \"documentNamespace\": \"https://spdx.org/spdxdocs/oyster-image-%s-%s\",\n", arch, arch, all
	printf "  \"creationInfo\": {\"created\": \"%s\", \"creators\": [\"Tool: docker/sbom.sh\"]},\n  \"packages\": [\n", created
	package(image, "oyster-image", arch, "NOASSERTION", "")
	package("SPDXRef-oyster", "oyster", own, "NOASSERTION", ", " sum("SHA256", own))
	relate(image, "GENERATED_FROM", "SPDXRef-oyster")
}
FILENAME ~ /linked$/ { linked[$1] = 1 }
FILENAME ~ /sources$/ {
	ref = id("source-" $1)
	package(ref, $1, $2, "Organization: Debian", ", " sum("SHA256", $3) ", " purl($1, $2, "source"))
	relate(image, "GENERATED_FROM", ref)
}
FILENAME ~ /installed$/ {
	ref = id($1 "-" $3)
	package(ref, $1, $2, "Organization: Debian",
		sprintf(", \"sourceInfo\": \"built from %s %s\", %s", $4, $5, purl($1, $2, $3)))
	if (linked[$1] || linked[$1 ":" $3])
		relate(image, "STATIC_LINK", ref)
	else
		relate(ref, "BUILD_TOOL_OF", image)
}
FILENAME ~ /files$/ {
	files = files sprintf("%s    {\"SPDXID\": \"%s\", \"fileName\": \".%s\", \"checksums\": [{\"algorithm\": \"SHA1\", \"checksumValue\": \"%s\"}, {\"algorithm\": \"SHA256\", \"checksumValue\": \"%s\"}], \"licenseConcluded\": \"NOASSERTION\", \"copyrightText\": \"NOASSERTION\"}",
		files ? ",\n" : "", id("file" $1), $1, $2, $3)
	relate(image, "CONTAINS", id("file" $1))
}
END {
	printf "\n  ],\n  \"files\": [\n%s\n  ],\n  \"relationships\": [\n", files
	printf "    {\"spdxElementId\": \"SPDXRef-DOCUMENT\", \"relationshipType\": \"DESCRIBES\", \"relatedSpdxElement\": \"%s\"}%s\n  ]\n}\n", image, relations
}' "$work/linked" "$work/sources" "$work/installed" "$work/files"
