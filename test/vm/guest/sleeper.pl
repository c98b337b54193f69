# SPDX-License-Identifier: Apache-2.0
# A task that mostly sleeps: sleeper.pl NAME PERIOD_US WORK_US. On SIGUSR1 it prints a line of JSON about the wakeups
# since the last one, on SIGUSR2 it forks a child that goes on the same way, on SIGTERM it ends.
use strict;
use Time::HiRes qw(clock_gettime clock_nanosleep CLOCK_MONOTONIC TIMER_ABSTIME);
$| = 1;
my ($name, $period, $work) = @ARGV;
$0 = $name if length $name;
my ($report, $fork, $end) = (0, 0, 0);
$SIG{USR1} = sub { $report = 1 };
$SIG{USR2} = sub { $fork = 1 };
$SIG{TERM} = sub { $end = 1 };
$SIG{CHLD} = 'IGNORE';
my @late;
print "{\"ready\":true,\"pid\":$$}\n";

until ($end) {
	my $until = clock_gettime(CLOCK_MONOTONIC) + $period / 1e6;
	# Absolute: a wait for the CPU before the call must not make the sleep longer, or two waits look like one.
	while (clock_gettime(CLOCK_MONOTONIC) < $until) { clock_nanosleep(CLOCK_MONOTONIC, $until * 1e9, TIMER_ABSTIME) }
	my $woke = clock_gettime(CLOCK_MONOTONIC);
	push @late, $woke - $until;
	my $spun = 0;
	if ($work) { until ($spun >= $work) { my $t = clock_gettime(CLOCK_MONOTONIC); my $d = $t - $woke; $spun += $d > 5e-4 ? 20 : $d * 1e6; $woke = $t } }
	if ($report) {
		# Before the answer: whoever reads it may ask again at once.
		$report = 0;
		my @s = sort { $a <=> $b } @late;
		printf "{\"pid\":%d,\"wakeups\":%d,\"p50Us\":%.1f,\"p99Us\":%.1f,\"maxUs\":%.1f}\n",
			$$, scalar @s, $s[@s / 2] * 1e6, $s[int(@s * .99)] * 1e6, $s[-1] * 1e6;
		@late = ();
	}
	if ($fork) {
		$fork = 0;
		my $pid = fork;
		if (!$pid) { @late = (); print "{\"ready\":true,\"pid\":$$}\n" }
	}
}
