#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# In the test machine: the node API with its state on the disk /dev/vda, until the machine ends. On the disk /dev/vdb
# somebody writes without syncing, and says how far they are: what of that is gone afterwards tells that nothing saved it.
#   agent-on-disk.sh GTHULHU CONFIG CLIENT_KEY
set -eu
gthulhu=$1 config=$2 client_key=$3
disk=/run/disk unsynced=/run/unsynced
mkdir -p "$disk" "$unsynced"
mount -t ext4 /dev/vda "$disk"
# Only a sync saves anything.
echo 0 >/proc/sys/vm/dirty_writeback_centisecs
mount -t ext4 -o commit=3600 /dev/vdb "$unsynced"
touch "$unsynced/file"
echo "@found $(wc -c <"$unsynced/file")"
mkdir -p -m 0700 "$disk/state" "$disk/state/clients"
cp "$client_key" "$disk/state/clients/durability.pem"
(
	: >"$unsynced/file"
	written=0
	while sleep 0.2; do
		printf x >>"$unsynced/file"
		written=$((written + 1))
		echo "@unsynced $written"
	done
) &
exec "$gthulhu" agent --config "$config"
