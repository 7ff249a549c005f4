/** The configuration of a one-node cluster: no replicas, one placement group a pool, memory for disks, loopback only. */
export function cephConfig(node: {
  readonly folder: string;
  readonly fsid: string;
  readonly monitorPort: number;
  readonly gatewayPort: number;
}): string {
  const { folder, fsid, monitorPort, gatewayPort } = node;
  return `
[global]
fsid = ${fsid}
mon host = [v2:127.0.0.1:${monitorPort}]
mon initial members = x
keyring = ${folder}/keyring
public addr = 127.0.0.1
cluster addr = 127.0.0.1
ms bind ipv4 = true
ms bind ipv6 = false
ms bind msgr1 = false
run dir = ${folder}
admin socket = ${folder}/$name.asok
log file = ${folder}/log/$name.log
crash dir = ${folder}/log
heartbeat file =
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 1
osd pool default pgp num = 1
osd pool default pg autoscale mode = off
osd crush chooseleaf type = 0

[client]
admin socket =

[mon]
mon data = ${folder}/mon/x
mon cluster log file = ${folder}/log/cluster.log
mon allow pool size one = true
mon max pg per osd = 1000
# The host's disk is nearly irrelevant here, and its fullness none of our business.
mon data avail warn = 1
mon data avail crit = 1
# Small clusters wait for nobody: proposals need not be gathered.
paxos propose interval = 0.05
paxos min wait = 0.01

[mgr]
mgr data = ${folder}/mgr
mgr initial modules =

[osd]
osd data = ${folder}/osd
osd objectstore = memstore
memstore device bytes = 1073741824
osd class update on start = false

[client.rgw]
rgw data = ${folder}/rgw
rgw frontends = beast endpoint=127.0.0.1:${gatewayPort} tcp_nodelay=1
rgw thread pool size = 32
`;
}
