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

# What the word after this option may be; fails when the option takes none.
_viaduct_value() {
	case $1 in
	--socket) compgen -f -- "$cur" ;;
	--timeout) ;;
	--disturb) compgen -W "$(_viaduct_devices pf nic)" -- "$cur" ;;
	--driver) compgen -W "vfio-pci $(ls /sys/bus/pci/drivers 2>/dev/null)" -- "$cur" ;;
	--columns)
		compgen -W "ADDRESS KIND DRIVER IFNAMES NUMA GROUP VFS PROTECTED IDS MAC PF VF ACS FLR
			SERIAL ID-PATH LINK NAME HELD-BY" -- "$cur"
		;;
	--type)
		compgen -W "ready device_added device_removed device_changed plan_started step_started
			step_done step_failed step_undone plan_done drift_found drift_gone drift_healed
			blocked unblocked config_loaded config_refused bound unbound refusal lost" -- "$cur"
		;;
	*) return 1 ;;
	esac
}

_viaduct_options() {
	local own=
	case $1 in
	status) own='--wait-ready --wait-ready= --watch' ;;
	list) own='--columns --no-header' ;;
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
	'') echo 'status list show inventory check plan apply bind unbind monitor config reload help' ;;
	list) echo 'pf vf nic bridge other all' ;;
	show | bind | unbind) _viaduct_devices all ;;
	plan | apply) _viaduct_devices pf ;;
	config) echo 'check show' ;;
	help) echo 'status list show inventory check plan apply bind unbind monitor config reload' ;;
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
	elif [[ $cur == -* ]]; then
		found=$(compgen -W "$(_viaduct_options "$command")" -- "$cur")
	elif [[ $command == config && ${words[cword - 1]} != config ]]; then
		found=$(compgen -f -- "$cur")
	else
		found=$(compgen -W "$(_viaduct_words "$command")" -- "$cur")
	fi
	mapfile -t COMPREPLY <<<"$found"
	[[ -n ${COMPREPLY[0]} ]] || COMPREPLY=()
	# What stands before the last colon is on the line already.
	if [[ $cur == *:* && $COMP_WORDBREAKS == *:* ]]; then
		COMPREPLY=("${COMPREPLY[@]#"${cur%"${cur##*:}"}"}")
	fi
}

complete -F _viaduct viaduct
