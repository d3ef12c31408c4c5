#!/bin/sh
# shellcheck disable=SC2034	# variables are used in the bodies of tests

# Which files are keys, that no other one lets a responder start, and the tool
# that makes and shows them.

. "${0%/*}/lib.sh"

# bytes HEX
bytes() {
	perl -e 'print pack "H*", shift' "$1"
}

order=fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141

mkdir directory
mkfifo fifo
: >empty
head -c 31 /dev/urandom >short
head -c 33 /dev/urandom >long
head -c 64 /dev/urandom >twice
bytes "$order" | od -An -v -tx1 | tr -d ' \n' >hex
head -c 32 /dev/zero >zero
bytes "$order" >n
bytes "${order%1}2" >n-and-one
bytes "$(printf 'f%.0s' $(seq 64))" >all-ones
ln -s nowhere dangling
ln -s loop loop

# fails COMMAND...: with status 1
fails() {
	timeout 10 "$@" >out 2>err
	test $? = 1 && return
	cat out err
	return 1
}

# One line, about that file, and nothing of what is in it.
refused() {
	# shellcheck disable=SC2015
	test "$(wc -l <err)" = 1 &&
	test ! -s out &&
	grep -F "key file $1: $2" err || return 1
	test ! -f "$1" || perl -e '
		local $/;
		open my $key, "<:raw", shift;
		open my $err, "<:raw", shift;
		($key, $err) = (scalar <$key>, scalar <$err>);
		for my $form ($key, unpack("H*", $key)) {
			for (0 .. length($form) - 6) {
				exit 1 if index(lc $err, lc substr($form, $_, 6)) >= 0;
			}
		}' "$1" err
}

while read -r file sentence
do
	test_expect_success "refused: $file, $sentence" '
		export OYSTER_KEY_FILE=$file &&
		fails "$B/oyster-responder" --check &&
		refused "$file" "$sentence" &&
		fails "$B/oyster-responder" --check touch started &&
		refused "$file" "$sentence" &&
		test ! -e started &&
		fails "$B/oyster-responder" &&
		refused "$file" "$sentence"
	'
	test_expect_success "refused by oyster-key: $file" '
		for what in public address
		do
			fails "$B/oyster-key" $what "$file" &&
			refused "$file" "$sentence" || return 1
		done
	'
done <<\EOF
missing No such file or directory
directory not a regular file
fifo not a regular file
/dev/null not a regular file
/dev/zero not a regular file
dangling No such file or directory
loop Too many levels of symbolic links
empty 0 bytes, not the 32 of a raw key
short 31 bytes, not the 32 of a raw key
long 33 bytes, not the 32 of a raw key
twice 64 bytes, not the 32 of a raw key
hex 64 bytes, not the 32 of a raw key
zero not a key of secp256k1: zero, or not below the order of the curve
n not a key of secp256k1: zero, or not below the order of the curve
n-and-one not a key of secp256k1: zero, or not below the order of the curve
all-ones not a key of secp256k1: zero, or not below the order of the curve
EOF

test_expect_success 'good ones: the smallest, the largest, open to the world, behind a link' '
	bytes 0000000000000000000000000000000000000000000000000000000000000001 >one &&
	bytes "${order%1}0" >largest &&
	cp one world && chmod 0644 world &&
	cp one read-only && chmod 0400 read-only &&
	ln -s one link &&
	for file in one largest world read-only link "$TRASH/one"
	do
		OYSTER_KEY_FILE=$file "$B/oyster-responder" --check >out 2>err || return 1
		test ! -s out && test ! -s err || return 1
	done
'

test_expect_success 'the addresses and public keys of known keys' '
	x=79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798 &&
	y=483ada7726a3c4655da4fbfc0e1108a8fd17b448a68554199c47d08ffb10d4b8 &&
	minus_y=b7c52588d95c3b9aa25b0403f1eef75702e84bb7597aabe663b82f6f04ef2777 &&
	"$B/oyster-key" public one >public &&
	echo "$x$y" | cmp - public &&
	"$B/oyster-key" address one >address &&
	echo 0x7e5f4552091a69125d5dfcb7b8c2659029395bdf | cmp - address &&
	test "$("$B/oyster-key" public largest)" = "$x$minus_y" &&
	test "$("$B/oyster-key" address "$KEY_FILE")" = 0x1a642f0e3c3af545e7acbd38b07251b3990914f1
'

test_expect_success 'a new key has 32 bytes, mode 0600, and is another each time' '
	(umask 0 && "$B/oyster-key" new first) >out 2>err &&
	(umask 277 && "$B/oyster-key" new second) >>out 2>>err &&
	test ! -s out && test ! -s err &&
	test "$(stat -c "%s %a" first)" = "32 600" &&
	test "$(stat -c %s second)" = 32 &&
	! cmp -s first second &&
	OYSTER_KEY_FILE=first "$B/oyster-responder" --check &&
	"$B/oyster-key" address first | grep -xE "0x[0-9a-f]{40}" &&
	"$B/oyster-key" public first | grep -xE "[0-9a-f]{128}"
'

test_expect_success 'a new key never takes the place of something' '
	cp first copy &&
	ln -s target to-be &&
	for file in first directory fifo to-be missing/key ""
	do
		fails "$B/oyster-key" new "$file" &&
		test ! -s out &&
		test "$(wc -l <err)" = 1 || return 1
	done &&
	cmp first copy &&
	test ! -e target
'

test_expect_success 'oyster-key tells how it is used' '
	for arguments in "" new "new a b" "show first" "--help" "address" "public first second"
	do
		fails "$B/oyster-key" $arguments &&
		test ! -s out &&
		grep "^usage: oyster-key new FILE" err || return 1
	done &&
	test ! -e a
'

test_done
