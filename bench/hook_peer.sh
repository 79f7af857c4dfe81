#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# The hook as one would write it in shell: SOCKET DOMAIN OPERATION …, the XML on standard input. xmllint reads
# it, socat carries the call. One plain <hostdev>, which is what the benchmark has: no MAC, no VLAN.
socket=$1 operation=$3 suboperation=$4
case $operation in
prepare | restore | migrate | started | stopped | release | reconnect) ;;
*) exit 0 ;;
esac
xml=$(cat)
case $xml in
*hostdev*) ;;
*) exit 0 ;;
esac
address="//devices/hostdev[@type='pci']/source/address"
# shellcheck disable=SC2046,SC2086 # words apart: the values hold none
set -- $(printf %s "$xml" | xmllint --nonet --xpath "concat(/domain/uuid, ' ', $address/@domain, ' ', \
	$address/@bus, ' ', $address/@slot, ' ', $address/@function, ' ', /domain/name)" -)
call='{"method":"org.viaduct.HookQemu","parameters":{"operation":"%s","suboperation":"%s","domain":{"uuid":"%s",'
call=$call'"name":"%s","devices":[{"address":"%04x:%02x:%02x.%x","interface":false,"managed":true,"pool":false}],"nics":[]}}}\0'
# shellcheck disable=SC2059 # the format is ours
reply=$(printf "$call" "$operation" "$suboperation" "$1" "$6" "$2" "$3" "$4" "$5" |
	socat -t 5 - "UNIX-CONNECT:$socket" | tr -d '\0')
case $reply in
*'"error"'*)
	printf 'viaduct: %s\n' "$reply" >&2
	case $operation in
	prepare | restore | migrate | started) exit 1 ;;
	esac
	;;
esac
exit 0
