# SPDX-License-Identifier: Apache-2.0
# A task that never sleeps: hog.pl NAME. Prints a line of JSON on SIGUSR1 (and starts counting anew) and on SIGTERM (and
# ends): units of work done, the longest time it did not run, its CPU time and its waiting time, ms since the last line.
use strict;
use Time::HiRes qw(clock_gettime CLOCK_MONOTONIC);
$| = 1;
$0 = $ARGV[0] if @ARGV;
my ($report, $end) = (0, 0);
$SIG{USR1} = sub { $report = 1 };
$SIG{TERM} = sub { $report = $end = 1 };
my ($work, $gap, $cpu, $wait) = (0, 0, stat_ns());
my $start = clock_gettime(CLOCK_MONOTONIC);
my $last = $start;
print "{\"ready\":true}\n";

sub stat_ns { open my $f, '<', '/proc/self/schedstat' or return (0, 0); my ($c, $w) = split / /, <$f>; return ($c, $w) }

until ($end) {
	for my $i (1 .. 10) { $work++ }
	my $now = clock_gettime(CLOCK_MONOTONIC);
	$gap = $now - $last if $now - $last > $gap;
	$last = $now;
	next unless $report;
	# Before the answer: whoever reads it may ask again at once.
	$report = 0;
	my ($c, $w) = stat_ns();
	printf "{\"work\":%d,\"maxGapMs\":%.3f,\"cpuMs\":%.3f,\"waitMs\":%.3f,\"wallMs\":%.3f}\n",
		$work, $gap * 1e3, ($c - $cpu) / 1e6, ($w - $wait) / 1e6, ($now - $start) * 1e3;
	($work, $gap, $cpu, $wait) = (0, 0, $c, $w);
	$start = $last = clock_gettime(CLOCK_MONOTONIC);
}
