set terminal svg size 1260,300 background 'white' noenhanced font 'sans,11'
set output '/a ''b''/growth.svg'
set multiplot layout 1,3
set logscale xy
set grid
set key top left
set xlabel 'processes'
set format y '%g'
$c0_ours << EOD
10 5
100 50
1000 500
EOD
$c0_s6_log << EOD
10 100
100 10000
1000 1e+06
EOD
set title 'boot'
set ylabel 'ms'
plot $c0_ours with linespoints linetype 2 title 'ours', $c0_s6_log with linespoints linetype 3 title 's6-log', 5*x/10 with lines dashtype 2 linecolor 'grey' title 'linear'
$c1_floor << EOD
10 0.4
100 0.4
1000 0.4
EOD
$c1_ours << EOD
10 0.9
100 0.9
1000 0.9
EOD
set title 'restart p50'
set ylabel 'ms'
plot $c1_floor with linespoints linetype 1 title 'floor', $c1_ours with linespoints linetype 2 title 'ours', 0.4*x/10 with lines dashtype 2 linecolor 'grey' title 'linear'
$c2_ours << EOD
1000 8
EOD
set title 'client lists'
set ylabel 'ms'
plot $c2_ours with linespoints linetype 2 title 'ours'
unset multiplot
