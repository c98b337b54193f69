#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# In the test machine: the node API with its state on the disk /dev/vda, until the machine ends. Beside it somebody
# writes without syncing, and says how far they are: what of that is gone afterwards tells that nothing saved it.
#   agent-on-disk.sh GTHULHU CONFIG CLIENT_KEY
set -eu
gthulhu=$1 config=$2 client_key=$3
disk=/run/disk
mkdir -p "$disk"
mount -t ext4 /dev/vda "$disk"
if [ -e "$disk/unsynced" ]; then
	echo "@found $(wc -c <"$disk/unsynced")"
fi
mkdir -p -m 0700 "$disk/state" "$disk/state/clients"
cp "$client_key" "$disk/state/clients/durability.pem"
(
	: >"$disk/unsynced"
	written=0
	while sleep 0.2; do
		printf x >>"$disk/unsynced"
		written=$((written + 1))
		echo "@unsynced $written"
	done
) &
exec "$gthulhu" agent --config "$config"
