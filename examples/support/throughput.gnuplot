# One panel a case, one bar a contender: millions of elements a second, from the median times.
#
#   gnuplot -e "figures='figures.csv'; picture='throughput.png'; cases='tone_map mandelbrot'" \
#           throughput.gnuplot
set terminal pngcairo size 1280, 480 font "sans,11"
set output picture
set datafile separator ","
set multiplot layout 1, words(cases) margins 0.06, 0.985, 0.13, 0.80 spacing 0.06, 0 \
    title "Throughput: a plain serial loop and hetmap's backends" font "sans,14"
set style fill solid 1.0 noborder
set boxwidth 0.66
set border 3
set tics nomirror scale 0.5
set xtics font "sans,10"
set ytics font "sans,10"
set grid ytics linecolor rgb "#dddddd"
unset key

# The contender's name on two lines; its rate from columns 2 (elements) and 4 (median_ns).
name(text) = (space = strstrt(text, " "), text[1:space - 1] . "\n" . text[space + 1:])
millions(elements, nanoseconds) = 1e3 * elements / nanoseconds
colour(text) = (text eq "plain loop") ? 0x8a8f98 : 0x2f6fb3

do for [k = 1:words(cases)] {
  case = word(cases, k)
  rows = sprintf("< awk -F, '$1 == \"%s\"' '%s'", case, figures)
  set yrange [*:*]  # stats leaves out what lies beyond the last panel's
  stats rows using (millions($2, $4)) nooutput
  elements = system(sprintf("awk -F, '$1 == \"%s\" { print $2; exit }' '%s'", case, figures))
  set title sprintf("%s, %s elements", case, elements) noenhanced
  set yrange [0:STATS_max * 1.15]
  if (k == 1) { set ylabel "million elements a second" } else { unset ylabel }
  plot rows using 0:(millions($2, $4)):(colour(strcol(3))):xtic(name(strcol(3))) \
           with boxes linecolor rgb variable, \
       rows using 0:(millions($2, $4)):(sprintf("%.1f", millions($2, $4))) \
           with labels offset 0, 0.7
}
unset multiplot
