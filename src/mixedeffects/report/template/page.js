(function () {
  "use strict";
  var charts = JSON.parse(document.getElementById("specifications").textContent);
  var phone = window.matchMedia("(max-width: 40rem)").matches;
  var options = {
    mode: "vega-lite", renderer: "svg", ast: true, hover: false,
    actions: { export: true, source: false, compiled: false, editor: false }
  };
  var drawn = 0;
  document.querySelectorAll("[data-chart]").forEach(function (place) {
    var name = place.dataset.chart;
    var words = place.textContent;
    var chart = charts.wide[name];
    if (phone) {
      chart = Object.assign({}, charts.narrow[name], { datasets: chart.datasets });
    }
    window.vegaEmbed(place, chart, Object.assign({ downloadFileName: name }, options)).then(
      function () {
        var picture = place.querySelector("svg.marks");
        if (picture && picture.viewBox.baseVal.width > 540) {
          place.parentNode.classList.add("wide");
        }
        place.setAttribute("role", "img");
        place.setAttribute("aria-label", words);
        drawn += 1;
        document.body.dataset.drawn = String(drawn);
      },
      function (problem) {
        place.textContent = words + " (not drawn: " + problem + ")";
        place.classList.add("failed");
        console.error(name + ": " + problem);
      }
    );
  });
})();
