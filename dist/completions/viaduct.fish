# SPDX-License-Identifier: GPL-2.0-or-later
# fish completion for viaduct(1)

set -l commands status list show inventory check plan apply bind unbind monitor config reload help

function __viaduct_devices
    viaduct --timeout 2 list $argv --no-header --columns ADDRESS,IFNAMES 2>/dev/null | while read -l address names
        printf '%s\t%s\n' $address (string replace -r '^-$' '' -- $names)
        for name in (string split -- , (string replace -r '^-$' '' -- $names))
            test -n "$name"; and printf '%s\t%s\n' $name $address
        end
    end
end

complete -c viaduct -f
complete -c viaduct -s j -l json -d "Print the daemon's documents instead of text"
complete -c viaduct -l socket -r -F -d 'Talk to the daemon that listens there'
complete -c viaduct -l timeout -x -d 'Give up on an answer after that long'
complete -c viaduct -l no-color -d 'No colours'
complete -c viaduct -s h -l help -d 'Print help and exit'
complete -c viaduct -s V -l version -d 'Print the version and exit'

set -l first "not __fish_seen_subcommand_from $commands"
complete -c viaduct -n $first -a status -d 'Show the daemon and every PF'
complete -c viaduct -n $first -a list -d 'List devices, one a line'
complete -c viaduct -n $first -a show -d 'Show all that is known of one device'
complete -c viaduct -n $first -a inventory -d 'Print the whole inventory, as JSON'
complete -c viaduct -n $first -a check -d 'Check that this host is ready for SR-IOV and passthrough'
complete -c viaduct -n $first -a plan -d 'Print the steps that apply would run'
complete -c viaduct -n $first -a apply -d 'Run the plan'
complete -c viaduct -n $first -a bind -d 'Take a device for passthrough'
complete -c viaduct -n $first -a unbind -d 'Give a device back to the driver it had'
complete -c viaduct -n $first -a monitor -d 'Print what happens, and why'
complete -c viaduct -n $first -a config -d 'Check configuration files, or show what is in force'
complete -c viaduct -n $first -a reload -d 'Have the daemon read its configuration again'
complete -c viaduct -n $first -a help -d 'Tell about viaduct, or one of its commands'

complete -c viaduct -n '__fish_seen_subcommand_from status' -l wait-ready -d 'Wait until every managed PF is as configured'
complete -c viaduct -n '__fish_seen_subcommand_from status' -l watch -d 'Print it again whenever it changes'
complete -c viaduct -n '__fish_seen_subcommand_from list' -a 'pf vf nic bridge other all'
complete -c viaduct -n '__fish_seen_subcommand_from list' -l no-header -d 'Leave the names of the columns out'
complete -c viaduct -n '__fish_seen_subcommand_from list' -l columns -x -d 'Print these columns' -a '(__fish_append , ADDRESS KIND DRIVER IFNAMES NUMA GROUP VFS PROTECTED IDS MAC PF VF ACS FLR SERIAL ID-PATH LINK NAME HELD-BY)'
complete -c viaduct -n '__fish_seen_subcommand_from inventory' -l rescan -d 'Read the whole host again first'
complete -c viaduct -n '__fish_seen_subcommand_from show bind unbind' -a '(__viaduct_devices all)'
complete -c viaduct -n '__fish_seen_subcommand_from plan apply' -a '(__viaduct_devices pf)'
complete -c viaduct -n '__fish_seen_subcommand_from plan apply' -l recreate -d 'A VF count may change by recreating all VFs'
complete -c viaduct -n '__fish_seen_subcommand_from plan apply bind unbind' -l disturb -x -d 'This protected PF may be disturbed' -a '(__viaduct_devices pf nic)'
complete -c viaduct -n '__fish_seen_subcommand_from apply' -l progress -d 'With --json: every reply as it comes'
complete -c viaduct -n '__fish_seen_subcommand_from bind' -l driver -x -d 'This driver' -a 'vfio-pci (path basename /sys/bus/pci/drivers/*)'
complete -c viaduct -n '__fish_seen_subcommand_from bind' -l persistent -d 'Bind it again after each boot'
complete -c viaduct -n '__fish_seen_subcommand_from monitor' -l type -x -d 'Only events of this type' -a 'ready device_added device_removed device_changed plan_started step_started step_done step_failed step_undone plan_done drift_found drift_gone drift_healed blocked unblocked config_loaded config_refused bound unbound refusal lost'
complete -c viaduct -n '__fish_seen_subcommand_from config; and not __fish_seen_subcommand_from check show' -a 'check show'
complete -c viaduct -n '__fish_seen_subcommand_from config; and __fish_seen_subcommand_from check' -F
complete -c viaduct -n '__fish_seen_subcommand_from help' -a "$commands"
