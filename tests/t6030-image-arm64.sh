#!/bin/sh
# shellcheck disable=SC2034	# variables are used in the bodies of tests

# The image for arm64, built here and run under qemu: with the same key, in
# the same second, its receipt of the same answer has the same bytes.  (The other
# signature is over the whole body, in which the model says when.)

. "${0%/*}/lib.sh"
. "$TESTS/image.sh"

test "$(dpkg --print-architecture)" = amd64 || skip_all 'this machine is not an amd64'
image_alone "$0" arm64
start_model
OTHER=${IMAGE%/*}/arm64

mkdir root other
tar -xf "$OTHER/oyster.tar" -C other
tar -xf "other/$(jq -r '.[0].Layers[0]' other/manifest.json)" -C root
(cd root && find . -printf '%M %U:%G %P\n' | sort) >theirs

# Interpreted by the kernel as on any machine that has arm64 programs, but in a
# user namespace (Linux 6.7), so that the machine itself is left as it is.
cat >run.sh <<'EOF'
until test "$(cat /proc/self/uid_map)"
do
	sleep 0.05
done
mount -t binfmt_misc none /proc/sys/fs/binfmt_misc &&
cat /usr/lib/binfmt.d/qemu-aarch64.conf >/proc/sys/fs/binfmt_misc/register &&
exec chroot --userspec=65532:65532 root /usr/local/bin/oyster-responder --check \
	/usr/local/bin/lighttpd -D -f /usr/local/share/oyster/lighttpd.conf
EOF

start_other() {
	mkdir -p root/app root/dev root/proc &&
	cp "$KEY_FILE" root/app/secp.sec &&
	mount --rbind /dev root/dev &&
	mount --rbind /proc root/proc &&
	start_server other env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin OYSTER_PORT=5001 OYSTER_THREADS=32 \
		OYSTER_UPSTREAM="$MODEL_URL" unshare -U -m sh run.sh >>lighttpd.log 2>&1 &&
	wait_for 5 is_apart &&
	echo 0 0 4294967295 >"/proc/$(server_pid other)/gid_map" &&
	echo 0 0 4294967295 >"/proc/$(server_pid other)/uid_map"
}

is_apart() {
	test "$(readlink "/proc/$(server_pid other)/ns/user")" != "$(readlink /proc/self/ns/user)"
}

# ask PORT: into a directory of that name
ask() {
	mkdir -p "$1" &&
	cd "$1" &&
	URL=http://127.0.0.1:$1 &&
	post -d '{"model":"llama3.2","prompt":"Why is the sky blue?"}'
}

answers() {
	URL=http://127.0.0.1:$1
	lighttpd_answers
}

test_expect_success 'its programs are for arm64' '
	for name in lighttpd oyster-responder
	do
		readelf -h "root/usr/local/bin/$name" | grep "Machine: *AArch64" || return 1
	done &&
	jq -e ".architecture == \"arm64\" and .os == \"linux\"" "other/$(jq -r ".[0].Config" other/manifest.json)"
'

test_expect_success 'its files are those of the image for this machine' '
	mkdir ours image &&
	tar -xf "$IMAGE/oyster.tar" -C image &&
	tar -xf "image/$(jq -r ".[0].Layers[0]" image/manifest.json)" -C ours &&
	(cd ours && find . -printf "%M %U:%G %P\n" | sort) >names &&
	diff names theirs &&
	cmp ours/usr/local/share/oyster/lighttpd.conf root/usr/local/share/oyster/lighttpd.conf &&
	jq -S .config "image/$(jq -r ".[0].Config" image/manifest.json)" >one &&
	jq -S .config "other/$(jq -r ".[0].Config" other/manifest.json)" >two &&
	diff one two
'

test_expect_success 'at most 4.2 MB' '
	size=$(find root -type f -printf "%s\n" | awk "{ sum += \$1 } END { print sum }") &&
	echo "$size" >"$TRASH/size" &&
	test "$size" -le 4200000
'
echo "# $(cat size) bytes"

test_expect_success 'it answers under qemu, and the answer is signed' '
	start_other || { cat lighttpd.log; false; } &&
	wait_for 30 answers 5001 || { cat lighttpd.log; false; } &&
	ask 5001 &&
	status 200 &&
	signed
'

# Both are asked until both have answered in one second.
same_second() {
	(ask 5000) &
	(ask 5001)
	wait
	test -n "$(cd 5000 && header x-oyster-timestamp)" &&
	test "$(cd 5000 && header x-oyster-timestamp)" = "$(cd 5001 && header x-oyster-timestamp)"
}

test_expect_success 'the same key, second and answer: the same receipt, byte for byte' '
	podman run -d --name oyster --pull=never --network host --read-only --tmpfs /tmp:mode=1777 \
		--cap-drop=all --security-opt no-new-privileges -v "$KEY_FILE:/app/secp.sec:ro" \
		-e OYSTER_PORT=5000 -e "OYSTER_UPSTREAM=$MODEL_URL" "$IMAGE_NAME" &&
	wait_for 20 answers 5000 &&
	wait_for 20 same_second &&
	jq "del(.created_at)" 5000/body >ours.json &&
	jq "del(.created_at)" 5001/body | cmp ours.json &&
	for name in x-oyster-timestamp x-oyster-signature
	do
		(cd 5000 && header "$name") >here &&
		(cd 5001 && header "$name") >there &&
		cat here &&
		cmp here there || return 1
	done
'

test_expect_success 'it ends when it is told to' '
	stop_server other INT
'

umount -l root/dev root/proc
image_done
