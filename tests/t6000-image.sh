#!/bin/sh
# shellcheck disable=SC2034	# variables are used in the bodies of tests

# The enclave image as a file: what is in it, what it was made of, and that it
# comes out the same when it is built again elsewhere.

. "${0%/*}/lib.sh"
. "$TESTS/image.sh"

image_reason=$(image_obstacle)
test -z "$image_reason" || skip_all "no containers: $image_reason"
ARCH=$(dpkg --print-architecture)

test_expect_success 'it is built' '
	image_build "$ARCH" || { cat "$IMAGE_CACHE/base.log"; false; }
'
image_storage
IMAGE=$IMAGE_CACHE/$ARCH

# The manifest, and the one layer as a list and as files.
manifest=$IMAGE/registry/manifest.json
mkdir image root
tar -xf "$IMAGE/oyster.tar" -C image
tar -xf "image/$(jq -r '.[0].Layers[0]' image/manifest.json)" -C root
config=image/$(jq -r '.[0].Config' image/manifest.json)

test_expect_success 'at most 4.2 MB in one layer, and 8 files' '
	jq -e ".[0].Layers | length == 1" image/manifest.json &&
	size=$(find root -type f -printf "%s\n" | awk "{ sum += \$1 } END { print sum }") &&
	echo "$size bytes" | tee "$TRASH/size" &&
	test "$size" -le 4200000 &&
	test "$(find root -type f | wc -l)" -le 8
'
echo "# $(cat size) in $(find root -type f | wc -l) files, $(du -cb "$IMAGE"/registry/* | tail -n 1 | cut -f 1) to transfer"

test_expect_success 'two executables, static, and nothing that is not root'\''s or needs a library' '
	find root -type f -perm /111 >executables &&
	test "$(sort executables | tr "\n" " ")" = "root/usr/local/bin/lighttpd root/usr/local/bin/oyster-responder " &&
	while read -r file
	do
		readelf -h "$file" | grep "Type: *DYN" &&
		readelf -W -l "$file" >segments &&
		! grep INTERP segments &&
		grep GNU_RELRO segments &&
		grep -E "GNU_STACK.* RW  " segments &&
		readelf -d "$file" >dynamic &&
		! grep NEEDED dynamic &&
		grep -E "BIND_NOW|FLAGS.*NOW" dynamic || return 1
	done <executables
'

test_expect_success 'no library, no shell, no setuid, no device, no link' '
	! find root -name "*.so*" -o -name sh -o -name "*sh" -type f | grep . &&
	! find root -perm /6000 | grep . &&
	! find root ! -type f ! -type d | grep . &&
	! find root -type f -perm /022 | grep . &&
	find root -mindepth 1 -type d -perm /022 >open &&
	test "$(cat open)" = root/tmp
'

test_expect_success 'the configuration is the one of everywhere' '
	cmp "$TOP/conf/lighttpd.conf" root/usr/local/share/oyster/lighttpd.conf
'

test_expect_success 'it says who runs it, where, and how it is stopped' '
	jq . "$config" &&
	jq -e ".config | .User == \"65532:65532\" and .StopSignal == \"SIGINT\" and
		.ExposedPorts == {\"5000/tcp\": {}} and .Cmd == null and
		.Entrypoint == [\"/usr/local/bin/oyster-responder\", \"--check\",
			\"/usr/local/bin/lighttpd\", \"-D\", \"-f\", \"/usr/local/share/oyster/lighttpd.conf\"]" "$config"
'

test_expect_success 'the digests are those of the files' '
	test "$(cat "$IMAGE/digest")" = "sha256:$(sha256sum <"$manifest" | cut -d " " -f 1)" &&
	test "$(cat "$IMAGE/id")" = "sha256:$(sha256sum <"$config" | cut -d " " -f 1)" &&
	jq -r ".config.digest, .layers[].digest" "$manifest" | sed "s|sha256:\(.*\)|\1  $IMAGE/registry/\1|" |
		sha256sum -c
'

# --- what it was made of ---

list=$IMAGE/oyster.spdx.json

test_expect_success 'the list is SPDX, and all that it names is there' '
	jq -e ".spdxVersion == \"SPDX-2.3\" and .dataLicense == \"CC0-1.0\" and
		.SPDXID == \"SPDXRef-DOCUMENT\" and (.creationInfo.created | fromdate) > 0" "$list" &&
	jq -e "[.SPDXID, .packages[].SPDXID, .files[].SPDXID] as \$ids |
		(\$ids | length == (unique | length)) and
		([\$ids[] | test(\"^SPDXRef-[A-Za-z0-9.-]+\$\")] | all) and
		([.relationships[] | .spdxElementId, .relatedSpdxElement] - \$ids == [])" "$list"
'

test_expect_success 'it has the files of the image with their sums' '
	jq -r ".files[] | .checksums[] as \$sum | \"\(\$sum.algorithm) \(\$sum.checksumValue) \(.fileName)\"" "$list" >sums &&
	test "$(wc -l <sums)" = $((2 * $(find root -type f | wc -l))) &&
	(cd root && sed -n "s/^SHA1 \([^ ]*\) /\1  /p" ../sums | sha1sum -c &&
		sed -n "s/^SHA256 \([^ ]*\) /\1  /p" ../sums | sha256sum -c)
'

test_expect_success 'it has the sources that were compiled and the packages that were linked' '
	jq -r ".relationships[] | select(.relationshipType == \"GENERATED_FROM\") | .relatedSpdxElement" "$list" |
		sort | tr "\n" " " >sources &&
	cat sources &&
	test "$(cat sources)" = "SPDXRef-oyster SPDXRef-source-curl SPDXRef-source-libsecp256k1 SPDXRef-source-lighttpd " &&
	jq -r ".relationships[] | select(.relationshipType == \"STATIC_LINK\") | .relatedSpdxElement" "$list" >linked &&
	cat linked &&
	for name in libc6-dev libfcgi-dev nettle-dev
	do
		grep "^SPDXRef-$name" linked || return 1
	done
'

test_expect_success 'its versions of Debian packages are those of Debian' '
	for name in libc6-dev libfcgi-dev nettle-dev
	do
		version=$(jq -r --arg name "$name" ".packages[] | select(.name == \$name) | .versionInfo" "$list") &&
		echo "$name $version" &&
		apt-cache madison "$name" | tr -d " " | grep -F "|$version|" || return 1
	done
'

# --- again ---

# The archive may have changed since the first one was built: once more, then.
test_expect_success 'built again with another path, umask, time zone, machine name and cache it is the same' '
	nice "$TOP/docker/verify-build.sh" "$ARCH" "$(cat "$IMAGE/digest")" "$list" >same 2>&1 && return
	cat same
	grep "made of others" same || return 1
	"$TOP/docker/build.sh" --fresh "$ARCH" "$IMAGE" &&
	"$TOP/docker/verify-build.sh" "$ARCH" "$(cat "$IMAGE/digest")" "$list"
'

test_expect_success 'a digest that is another is said to be, and a changed list explains it' '
	sed "s/\(\"name\": \"nettle-dev\", \"versionInfo\": \"\)[^\"]*/\10.1/" "$list" >theirs &&
	! cmp -s theirs "$list" &&
	sed "s|^\(top=\).*|\1$TOP|; s|exec \"\$2/docker/build.sh\" \"\$3\" \"\$4\"|cp -R $IMAGE \"\$4\"|" \
		"$TOP/docker/verify-build.sh" >verify-build.sh &&
	! sh verify-build.sh "$ARCH" sha256:0 theirs >different 2>&1 &&
	cat different &&
	grep "^different: built $(cat "$IMAGE/digest")\$" different &&
	grep -E "^< nettle-dev-$ARCH 0.1\$" different &&
	grep -E "^> nettle-dev-$ARCH " different &&
	sh verify-build.sh "$ARCH" "$(cat "$IMAGE/id")"
'

test_done
