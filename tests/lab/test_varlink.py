# SPDX-License-Identifier: GPL-2.0-or-later
# The stock varlink client of the distribution calls, subscribes and introspects, unmodified.
import threading

from harness import *  # noqa: F403  pylint: disable=wildcard-import,unused-wildcard-import
import varlink

configure({"provision": "manual", "pfs": [{"match": {"address": PF0}, "num_vfs": 2, "vf": {"vlan": 7}}]})
daemon = Daemon()
client = varlink.Client.new_with_address(f"unix:{SOCKET}")

info = client.get_interfaces() if hasattr(client, "get_interfaces") else None
with client.open("org.varlink.service") as service:
    info = service.GetInfo()
    check("GetInfo names the interface", "org.viaduct" in info["interfaces"], info)
    text = service.GetInterfaceDescription("org.viaduct")["description"]
    with open("schemas/org.viaduct.varlink", encoding="utf-8") as f:
        equal("the description is the file of the tree", text.strip(), f.read().strip())
    parsed = varlink.Interface(text)
    check("the stock parser reads it", parsed.name == "org.viaduct" and parsed.get_method("GetStatus"))

events = []


def subscribe():
    with varlink.Client.new_with_address(f"unix:{SOCKET}").open("org.viaduct") as viaductd:
        for reply in viaductd.Monitor(_more=True):
            events.append(reply["event"])
            if reply["event"]["type"] == "plan_done":
                return


subscriber = threading.Thread(target=subscribe, daemon=True)
subscriber.start()
time.sleep(1)
with client.open("org.viaduct") as viaductd:
    status = viaductd.GetStatus()["status"]
    keep("status", status)
    equal("a call", status["pid"], daemon.process.pid)
    replies = list(viaductd.Apply(_more=True))
    check("progress, then the report", len(replies) > 2 and replies[-1].get("report"), replies[-1:])
    equal("applied", [v["vlan"] for v in ip_vfs(NET0)], [7, 7])
    try:
        viaductd.Show("0000:7f:00.0")
        check("an error is raised", False)
    except varlink.VarlinkError as e:
        equal("an error comes with its name", e.error(), "org.viaduct.NotFound")
        contains("and its reason", str(e.parameters()), "0000:7f:00.0")
    try:
        viaductd.Show(device=5)
        check("a wrong type is refused", False)
    except varlink.VarlinkError as e:
        equal("a wrong type is refused", e.error(), "org.varlink.service.InvalidParameter")
subscriber.join(20)
types = [e["type"] for e in events]
check("the subscription saw the apply", "plan_started" in types and "step_done" in types and "plan_done" in types, types)
check("events name their cause", all(e["cause"] for e in events), events[:2])
end()
