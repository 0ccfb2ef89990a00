#!/bin/sh
# First process of the guest: makes a small Linux, runs the one command it was booted for, tells
# how that ended, and switches the machine off. Its own complaints go to the kernel's console.
export PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root TERM=dumb

mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs dev /dev
mkdir -p /dev/pts /dev/shm
mount -t devpts devpts /dev/pts
mount -t tmpfs tmpfs /dev/shm
mount -t tmpfs tmpfs /run
mount -t tracefs tracefs /sys/kernel/tracing
mount -t bpf bpf /sys/fs/bpf
mount -t cgroup2 cgroup2 /sys/fs/cgroup

hostname edgeghost-vm

# What is built in is no module, and what a folder brought is loaded when it is first used.
for module in $(cat /edgeghost/modules); do
    modprobe -q "$module"
done
# By its full name: busybox prefers an `ip` of its own.
/usr/sbin/ip link set lo up

# The second serial line is for the command alone, and as it is: no carriage returns.
stty -F /dev/ttyS1 raw -echo
read -r up _ </proc/uptime
echo "kernel $(uname -r), up in $up s" >/dev/ttyS1
sh /edgeghost/command </dev/null >/dev/ttyS1 2>&1
status=$?
# Each closing of the line waits until everything is out.
echo "$(cat /edgeghost/mark) $status" >/dev/ttyS1
reboot -f
