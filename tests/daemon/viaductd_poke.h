/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Lines that change the host behind the daemon's back:
 *
 * vf PF INDEX vlan=N | spoofchk=N      drift
 * guest PID NAME UUID ADDRESS          a domain holds a function
 * guest-gone PID                       and ends
 * unplug PF, plug PF NETDEV MAC        a card goes, an igb comes
 * swap PF MAC                          another card stands at the address
 * hang WHAT                            calls of the door that match hang until SIGUSR1
 * fail WHAT NTH ERRNO                  the NTH call that matches fails (0: each one)
 * refuse PF VF ATTR ERRNO TIMES        setting it fails so often (-1: always)
 * heal                                 no more hangs, failures and refusals
 */
#ifndef VIA_TESTS_VIADUCTD_POKE_H
#define VIA_TESTS_VIADUCTD_POKE_H

struct via_fake;
void via_poke_setup(struct via_fake *f);
/* A thread's main function; arg: the pipe's path. PIPE.done is made when a line has been carried
 * out.
 */
void *via_poke_main(void *arg);

#endif
