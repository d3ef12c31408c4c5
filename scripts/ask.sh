#!/bin/sh
# Asks the model of an enclave, and prints its answer only once everything is
# verified: the attestation document, the code that it names, and the answer
# with the nonce that was sent.
#
#	scripts/ask.sh HOST MODEL PROMPT [OPTION of oyster-verify...]
#	scripts/ask.sh 203.0.113.7 llama3.2 'Why is the sky blue?' --image-id HEX
#
# Without --image-id or --pcr nothing says which code answered, and nothing
# is printed; --allow-unpinned is for trying.  The ports are OYSTER_PORT (5000)
# and OYSTER_ATTESTATION_PORT (1301); OYSTER_VERIFY names another verifier.

set -eu
top=$(cd "${0%/*}/.." && pwd)
B=${B:-$top/build}

if test $# -lt 3
then
	sed -n '2,/^$/s/^# \{0,1\}//p' "$0" >&2
	exit 2
fi
host=$1 model=$2 prompt=$3
shift 3

if test -z "${OYSTER_VERIFY:-}"
then
	OYSTER_VERIFY=$B/oyster-verify
	if ! test -x "$OYSTER_VERIFY"
	then
		. "$top/scripts/packages.sh"
		# shellcheck disable=SC2086
		need_packages $BUILD_PACKAGES libcbor-dev libssl-dev curl >&2
		make -s -C "$top" B="$B" verify >&2
	fi
fi

here=$(mktemp -d /tmp/oyster-ask.XXXXXX)
trap 'rm -rf "$here"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# A JSON string; bytes that are not UTF-8 stay, and the server refuses them.
quote() {
	printf '%s\n' "$1" | LC_ALL=C awk '
		BEGIN {
			for (i = 1; i < 32; i++)
				escape[sprintf("%c", i)] = sprintf("\\u%04x", i)
			escape["\""] = "\\\""
			escape["\\"] = "\\\\"
			printf "\""
		}
		NR > 1 { printf "\\n" }
		{
			for (i = 1; i <= length($0); i++) {
				c = substr($0, i, 1)
				printf "%s", c in escape ? escape[c] : c
			}
		}
		END { printf "\"" }'
}

# No proxy, no ~/.curlrc: what is fetched comes from HOST.
fetch() {
	curl -q -sS --noproxy '*' "$@"
}

documents=http://$host:${OYSTER_ATTESTATION_PORT:-1301}/attestation/raw
fetch -f -m 30 --max-filesize 65536 -o "$here/document" "$documents" || {
	code=$?
	echo "cannot fetch $documents: the enclave's attestation server is expected there" >&2
	exit $code
}

nonce=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
printf '{"model":%s,"prompt":%s}' "$(quote "$model")" "$(quote "$prompt")" >"$here/request"
fetch -D "$here/headers" -o "$here/body" -H "x-oyster-nonce: $nonce" \
	--data-binary "@$here/request" \
	"http://$host:${OYSTER_PORT:-5000}/api/generate"

# An age of the user's own takes the place of this one; whatever else is said
# here and there is refused as given twice.
age=--max-age=300
for option
do
	case $option in
	--max-age|--max-age=*) age= ;;
	esac
done
set -- --headers "$here/headers" --body "$here/body" --request "$here/request" \
	--attestation "$here/document" --nonce "$nonce" --require exchange \
	${age:+"$age"} --answer "$@"
code=0
"$OYSTER_VERIFY" "$@" >"$here/answer" 2>"$here/checks" || code=$?
if test $code != 0
then
	cat "$here/checks" >&2
	exit $code
fi
cat "$here/answer"
echo
