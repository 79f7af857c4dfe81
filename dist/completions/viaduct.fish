# SPDX-License-Identifier: GPL-2.0-or-later
# fish completion for viaduct(1)

set -l commands status list show inventory check plan apply bind unbind claim release adopt quarantine drain monitor config reload help

function __viaduct_devices
    viaduct --timeout 2 list $argv --no-header --columns ADDRESS,IFNAMES 2>/dev/null | while read -l address names
        printf '%s\t%s\n' $address (string replace -r '^-$' '' -- $names)
        for name in (string split -- , (string replace -r '^-$' '' -- $names))
            test -n "$name"; and printf '%s\t%s\n' $name $address
        end
    end
end

function __viaduct_column
    viaduct --timeout 2 $argv[2..] --no-header --columns $argv[1] 2>/dev/null | string trim | string match -v -- -
end

# What list prints has columns of its own kind.
function __viaduct_columns
    set -l words (commandline -opc)
    if contains claims $words; or contains quarantine $words
        string split ' ' 'ADDRESS PF VF WHOLE NETWORK MAC VLAN MBIT/S SPOOFCHK LINK TRUST DRIVER MANAGED STATE ORIGIN GENERATION ATTEMPTS SINCE CHANGED BOOT-ID UUID VM REASON'
    else if contains networks $words
        string split ' ' 'NAME VLAN MTU MODE PLACEMENT NUMA MSIX MBIT/S SPOOFCHK LINK TRUST LIMIT RESERVATION SHARES VSWITCH TOTAL CLAIMED QUARANTINED UNUSABLE FREE UPLINKS'
    else if contains vms $words
        string split ' ' 'UUID STATE CLAIMS NICS DEVICES NAME'
    else
        string split ' ' 'ADDRESS KIND DRIVER IFNAMES NUMA GROUP VFS PROTECTED IDS MAC PF VF ACS FLR SERIAL ID-PATH LINK NAME CLAIM HELD-BY'
    end
end

function __viaduct_after
    contains -- (commandline -opc)[-1] $argv
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
complete -c viaduct -n $first -a list -d 'List devices, claims, networks or VMs'
complete -c viaduct -n $first -a show -d 'Show all that is known of one device, or of one VM'
complete -c viaduct -n $first -a inventory -d 'Print the whole inventory, as JSON'
complete -c viaduct -n $first -a check -d 'Check that this host is ready for SR-IOV and passthrough'
complete -c viaduct -n $first -a plan -d 'Print the steps that apply would run'
complete -c viaduct -n $first -a apply -d 'Run the plan'
complete -c viaduct -n $first -a bind -d 'Take a device for passthrough'
complete -c viaduct -n $first -a unbind -d 'Give a device back to the driver it had'
complete -c viaduct -n $first -a claim -d 'Give a VM a VF, or a device'
complete -c viaduct -n $first -a release -d 'End a claim'
complete -c viaduct -n $first -a adopt -d 'Claim for their VMs what already runs'
complete -c viaduct -n $first -a quarantine -d 'Functions that did not come clean'
complete -c viaduct -n $first -a drain -d 'Let a PF take no new claims'
complete -c viaduct -n $first -a monitor -d 'Print what happens, and why'
complete -c viaduct -n $first -a config -d 'Check configuration files, or show what is in force'
complete -c viaduct -n $first -a reload -d 'Have the daemon read its configuration again'
complete -c viaduct -n $first -a help -d 'Tell about viaduct, or one of its commands'

complete -c viaduct -n '__fish_seen_subcommand_from status' -l wait-ready -d 'Wait until every managed PF is as configured'
complete -c viaduct -n '__fish_seen_subcommand_from status' -l watch -d 'Print it again whenever it changes'
complete -c viaduct -n '__fish_seen_subcommand_from list' -a 'pf vf nic bridge other all claims networks vms'
complete -c viaduct -n '__fish_seen_subcommand_from list quarantine' -l no-header -d 'Leave the names of the columns out'
complete -c viaduct -n '__fish_seen_subcommand_from list quarantine' -l columns -x -d 'Print these columns' -a '(__fish_append , (__viaduct_columns))'
complete -c viaduct -n '__fish_seen_subcommand_from list' -l state -x -d 'Claims in this state' -a 'preparing active releasing quarantined'
complete -c viaduct -n '__fish_seen_subcommand_from list' -l vm -x -d 'Claims of this VM' -a '(__viaduct_column NAME list vms)'
complete -c viaduct -n '__fish_seen_subcommand_from list' -l pf -x -d 'Claims on this PF and its VFs' -a '(__viaduct_devices pf)'
complete -c viaduct -n '__fish_seen_subcommand_from inventory' -l rescan -d 'Read the whole host again first'
complete -c viaduct -n '__fish_seen_subcommand_from show bind unbind adopt; and not __viaduct_after vm' -a '(__viaduct_devices all)'
complete -c viaduct -n '__fish_seen_subcommand_from release; and __viaduct_after device' -a '(__viaduct_devices all)'
complete -c viaduct -n '__fish_seen_subcommand_from show release claim adopt; and not __viaduct_after device' -a '(__viaduct_column NAME list vms)'
complete -c viaduct -n '__viaduct_after show release' -a 'vm device'
complete -c viaduct -n '__viaduct_after release' -a '(__viaduct_column ADDRESS list claims)'
complete -c viaduct -n '__fish_seen_subcommand_from show claim' -l xml -d 'Print the element for the domain' -a 'hostdev interface'
complete -c viaduct -n '__fish_seen_subcommand_from claim' -l network -x -d 'A VF of this network' -a '(__viaduct_column NAME list networks)'
complete -c viaduct -n '__fish_seen_subcommand_from claim' -l device -x -d 'This one' -a '(__viaduct_devices all)'
complete -c viaduct -n '__fish_seen_subcommand_from claim' -l uuid -x -d 'Of the VM' -a '(__viaduct_column UUID list vms)'
complete -c viaduct -n '__fish_seen_subcommand_from claim' -l mac -x -d 'This one'
complete -c viaduct -n '__fish_seen_subcommand_from claim' -l whole -d 'A PF or a NIC as such'
complete -c viaduct -n '__fish_seen_subcommand_from claim' -l msix -x -d 'A VF with at least so many MSI-X vectors'
complete -c viaduct -n '__fish_seen_subcommand_from claim' -l numa -x -d 'How much --nodes counts' -a 'none preferred strict'
complete -c viaduct -n '__fish_seen_subcommand_from claim' -l nodes -x -d "NUMA nodes of the VM's memory"
complete -c viaduct -n '__fish_seen_subcommand_from claim' -l bind -d 'Bind it to vfio as well'
complete -c viaduct -n '__fish_seen_subcommand_from release' -l generation -x -d 'Only if the claim still is that one' -a '(__viaduct_column GENERATION list claims)'
complete -c viaduct -n '__viaduct_after quarantine' -a 'list clear'
complete -c viaduct -n '__viaduct_after clear' -a '(__viaduct_column ADDRESS quarantine list)'
complete -c viaduct -n '__fish_seen_subcommand_from quarantine' -l force -d 'clear: free it as it is'
complete -c viaduct -n '__fish_seen_subcommand_from drain' -a '(__viaduct_devices pf)'
complete -c viaduct -n '__fish_seen_subcommand_from drain' -l off -d 'It takes claims again'
complete -c viaduct -n '__fish_seen_subcommand_from plan apply' -a '(__viaduct_devices pf)'
complete -c viaduct -n '__fish_seen_subcommand_from plan apply' -l recreate -d 'A VF count may change by recreating all VFs'
complete -c viaduct -n '__fish_seen_subcommand_from plan apply bind unbind' -l disturb -x -d 'This protected PF may be disturbed' -a '(__viaduct_devices pf nic)'
complete -c viaduct -n '__fish_seen_subcommand_from apply' -l progress -d 'With --json: every reply as it comes'
complete -c viaduct -n '__fish_seen_subcommand_from bind' -l driver -x -d 'This driver' -a 'vfio-pci (path basename /sys/bus/pci/drivers/*)'
complete -c viaduct -n '__fish_seen_subcommand_from bind' -l persistent -d 'Bind it again after each boot'
complete -c viaduct -n '__fish_seen_subcommand_from monitor' -l type -x -d 'Only events of this type' -a 'ready device_added device_removed device_changed plan_started step_started step_done step_failed step_undone plan_done drift_found drift_gone drift_healed blocked unblocked config_loaded config_refused bound unbound refusal claimed released quarantined contradiction contradiction_gone drain libvirt lost'
complete -c viaduct -n '__fish_seen_subcommand_from config; and not __fish_seen_subcommand_from check show' -a 'check show'
complete -c viaduct -n '__fish_seen_subcommand_from config; and __fish_seen_subcommand_from check' -F
complete -c viaduct -n '__fish_seen_subcommand_from help' -a "$commands"
