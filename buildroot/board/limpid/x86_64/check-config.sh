#!/bin/sh
# check-config.sh FRAGMENT CONFIG: ends with 1 and names every line of FRAGMENT
# that the final CONFIG does not have. Kconfig drops an option whose dependency
# is off, or that it does not know, without a word.

set -u

fragment=$1
config=$2

if [ ! -f "${config}" ]; then
	echo "check ${fragment##*/}: there is no ${config}" >&2
	exit 1
fi

lost=$(awk '
	# "CONFIG_X=..." gives X and its line, "# CONFIG_X is not set" gives X and "".
	function option(line) {
		if (line ~ /^CONFIG_[A-Za-z0-9_]+=/) {
			name = substr(line, 1, index(line, "=") - 1)
			value = line
			return 1
		}
		if (line ~ /^# CONFIG_[A-Za-z0-9_]+ is not set$/) {
			split(line, word, " ")
			name = word[2]
			value = ""
			return 1
		}
		return 0
	}
	# An option that is not there at all is not set.
	FNR == NR { if (option($0)) got[name] = value; next }
	option($0) && value != got[name] {
		printf "  %s: the final configuration has %s\n", $0,
			got[name] == "" ? "it not set" : got[name]
	}
' "${config}" "${fragment}")

if [ -n "${lost}" ]; then
	echo "check ${fragment##*/}: these lines are not in ${config}:" >&2
	echo "${lost}" >&2
	exit 1
fi
