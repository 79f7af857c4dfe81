# SPDX-License-Identifier: GPL-2.0-or-later
# bash completion for viaduct(1)

# Addresses and names of devices of these kinds; nothing when the daemon does not answer at once.
_viaduct_devices() {
	viaduct --timeout 2 list "$@" --no-header --columns ADDRESS,IFNAMES 2>/dev/null |
		while read -r address names; do
			echo "$address"
			[[ $names == - ]] || echo "${names//,/$'\n'}"
		done
}

# One column of what list or quarantine list tells, a line each; "-" is nothing.
_viaduct_column() {
	local column=$1
	shift
	viaduct --timeout 2 "$@" --no-header --columns "$column" 2>/dev/null | sed '/^-$/d; s/ *$//'
}

# Names of VMs, quoted for the line: libvirt allows spaces in them.
_viaduct_vms() {
	local name
	_viaduct_column NAME list vms | while IFS= read -r name; do
		[[ $name != "$cur"* ]] || printf '%q\n' "$name"
	done
}

_viaduct_columns() {
	case " ${words[*]} " in
	*' claims '* | *' quarantine '*)
		echo 'ADDRESS PF VF WHOLE NETWORK MAC VLAN MBIT/S SPOOFCHK LINK TRUST DRIVER MANAGED STATE
			ORIGIN GENERATION ATTEMPTS SINCE CHANGED BOOT-ID UUID VM REASON'
		;;
	*' networks '*)
		echo 'NAME VLAN MTU MODE PLACEMENT NUMA MSIX MBIT/S SPOOFCHK LINK TRUST LIMIT RESERVATION
			SHARES VSWITCH TOTAL CLAIMED QUARANTINED UNUSABLE FREE UPLINKS'
		;;
	*' vms '*) echo 'UUID STATE CLAIMS NICS DEVICES NAME' ;;
	*)
		echo 'ADDRESS KIND DRIVER IFNAMES NUMA GROUP VFS PROTECTED IDS MAC PF VF ACS FLR SERIAL ID-PATH
			LINK NAME CLAIM HELD-BY'
		;;
	esac
}

# What the word after this option may be; fails when the option takes none.
_viaduct_value() {
	case $1 in
	--socket) compgen -f -- "$cur" ;;
	--timeout) ;;
	--disturb) compgen -W "$(_viaduct_devices pf nic)" -- "$cur" ;;
	--driver) compgen -W "vfio-pci $(ls /sys/bus/pci/drivers 2>/dev/null)" -- "$cur" ;;
	--columns) compgen -W "$(_viaduct_columns)" -- "$cur" ;;
	--network) compgen -W "$(_viaduct_column NAME list networks)" -- "$cur" ;;
	--device) compgen -W "$(_viaduct_devices all)" -- "$cur" ;;
	--pf) compgen -W "$(_viaduct_devices pf)" -- "$cur" ;;
	--vm) _viaduct_vms ;;
	--state) compgen -W 'preparing active releasing quarantined' -- "$cur" ;;
	--numa) compgen -W 'none preferred strict' -- "$cur" ;;
	--uuid) compgen -W "$(_viaduct_column UUID list vms)" -- "$cur" ;;
	--generation) compgen -W "$(_viaduct_column GENERATION list claims)" -- "$cur" ;;
	--mac | --msix | --nodes) ;;
	--type)
		compgen -W "ready device_added device_removed device_changed plan_started step_started
			step_done step_failed step_undone plan_done drift_found drift_gone drift_healed
			blocked unblocked config_loaded config_refused bound unbound refusal claimed released
			quarantined contradiction contradiction_gone drain libvirt lost" -- "$cur"
		;;
	*) return 1 ;;
	esac
}

_viaduct_options() {
	local own=
	case $1 in
	status) own='--wait-ready --wait-ready= --watch' ;;
	list) own='--columns --no-header --state --vm --pf' ;;
	show) own='--xml --xml=' ;;
	claim) own='--network --device --uuid --mac --whole --msix --numa --nodes --bind --xml --xml=' ;;
	release) own='--generation' ;;
	quarantine) own='--force --columns --no-header' ;;
	drain) own='--off' ;;
	inventory) own='--rescan' ;;
	plan) own='--recreate --disturb' ;;
	apply) own='--recreate --disturb --progress' ;;
	bind) own='--driver --persistent --disturb' ;;
	unbind) own='--disturb' ;;
	monitor) own='--type' ;;
	esac
	echo "$own --json --socket --timeout --no-color --help --version"
}

_viaduct_words() {
	case $1 in
	'')
		echo 'status list show inventory check plan apply bind unbind claim release adopt quarantine drain
			monitor config reload help'
		;;
	list) echo 'pf vf nic bridge other all claims networks vms' ;;
	show) _viaduct_devices all && echo 'vm device' ;;
	adopt | bind | unbind) _viaduct_devices all ;;
	release) _viaduct_column ADDRESS list claims && echo 'vm device' ;;
	plan | apply | drain) _viaduct_devices pf ;;
	quarantine) echo 'list clear' ;;
	config) echo 'check show' ;;
	help)
		echo 'status list show inventory check plan apply bind unbind claim release adopt quarantine drain
			monitor config reload'
		;;
	esac
}

_viaduct() {
	local cur prev command="" word words cword i
	# Addresses hold colons, which bash takes for word breaks: put the words together again.
	if declare -F _get_comp_words_by_ref >/dev/null; then
		_get_comp_words_by_ref -n :=, cur prev words cword
	else
		read -ra words <<<"${COMP_LINE:0:COMP_POINT}"
		[[ ${COMP_LINE:COMP_POINT-1:1} == ' ' ]] && words+=('')
		cword=$((${#words[@]} - 1))
		cur=${words[cword]} prev=${words[cword - 1]}
	fi
	for ((i = 1; i < cword; i++)); do
		word=${words[i]}
		case $word in
		--socket | --timeout) ((i++)) ;;
		-*) ;;
		*)
			command=$word
			break
			;;
		esac
	done

	local found
	if found=$(_viaduct_value "$prev"); then
		:
	elif [[ $cur == --xml=* ]]; then
		found=$(compgen -W '--xml=hostdev --xml=interface' -- "$cur")
	elif [[ $cur == -* ]]; then
		found=$(compgen -W "$(_viaduct_options "$command")" -- "$cur")
	elif [[ $command == config && ${words[cword - 1]} != config ]]; then
		found=$(compgen -f -- "$cur")
	elif [[ $prev == vm && $command == @(show|release) ]]; then
		found=$(_viaduct_vms)
	elif [[ $prev == device && $command == @(show|release) ]]; then
		found=$(compgen -W "$(_viaduct_devices all)" -- "$cur")
	elif [[ $command == quarantine && $prev == clear ]]; then
		found=$(compgen -W "$(_viaduct_column ADDRESS quarantine list)" -- "$cur")
	else
		found=$(compgen -W "$(_viaduct_words "$command")" -- "$cur")
		[[ $command != @(show|claim|release|adopt) ]] || found+=${found:+$'\n'}$(_viaduct_vms)
	fi
	mapfile -t COMPREPLY <<<"$found"
	[[ -n ${COMPREPLY[0]} ]] || COMPREPLY=()
	# What stands before the last colon, or the equals sign, is on the line already.
	if [[ $cur == *=* && $COMP_WORDBREAKS == *=* ]]; then
		COMPREPLY=("${COMPREPLY[@]#"${cur%"${cur##*=}"}"}")
	elif [[ $cur == *:* && $COMP_WORDBREAKS == *:* ]]; then
		COMPREPLY=("${COMPREPLY[@]#"${cur%"${cur##*:}"}"}")
	fi
}

complete -F _viaduct viaduct
