// What the dashboards are made of: a dashboard is rows of panels, a panel is a title, a description, a unit and queries.
// `$namespace` is `.*` where there are no namespaces (compose), which also matches a label that is not there; `$service` is one service.
{
  local datasource = { type: 'prometheus', uid: '${datasource}' },

  // A query and what a line of it is called.
  line(expr, legend):: { expr: expr, legend: legend },

  // p50, p95 and p99 of a histogram of times, over all that the selector finds.
  quantiles(histogram, selector, by=''):: [
    $.line('histogram_quantile(%s, sum by (le%s) (rate(%s_bucket{%s}[$__rate_interval])))' % [q.of, by, histogram, selector], q.name)
    for q in [
      { of: '0.5', name: 'half are faster than' },
      { of: '0.95', name: '95 % are faster than' },
      { of: '0.99', name: '99 % are faster than' },
    ]
  ],

  // A panel: units are Grafana's (s, bytes, reqps, percentunit, short ...).
  panel(title, unit, description, lines, min=0):: {
    type: 'timeseries',
    title: title,
    description: description,
    datasource: datasource,
    fieldConfig: {
      defaults: {
        unit: unit,
        min: min,
        custom: { lineWidth: 1, fillOpacity: 8, showPoints: 'never', spanNulls: false },
      },
      overrides: [],
    },
    options: {
      legend: { displayMode: 'list', placement: 'bottom' },
      tooltip: { mode: 'multi', sort: 'desc' },
    },
    targets: [
      { datasource: datasource, refId: std.char(std.codepoint('A') + i), expr: lines[i].expr, legendFormat: lines[i].legend }
      for i in std.range(0, std.length(lines) - 1)
    ],
  },

  row(title, panels):: { title: title, panels: panels },

  local width = 8,
  local height = 8,

  // `service`: whether it is about one service, which is chosen.
  dashboard(uid, title, description, rows, service=false):: {
    // The first line of grid that a row of panels takes; its heading takes one.
    local tops = std.foldl(
      function(at, row) at + [at[std.length(at) - 1] + 1 + height * std.ceil(std.length(row.panels) * width / 24)], rows, [0]
    ),
    uid: uid,
    title: title,
    description: description,
    tags: ['microservices'],
    editable: false,
    graphTooltip: 1,
    refresh: '30s',
    schemaVersion: 39,
    time: { from: 'now-1h', to: 'now' },
    links: [{ type: 'dashboards', tags: ['microservices'], title: 'Microservices', asDropdown: true, includeVars: true, keepTime: true }],
    templating: {
      list: [
        { name: 'datasource', type: 'datasource', query: 'prometheus', label: 'Prometheus' },
        {
          name: 'namespace',
          type: 'query',
          label: 'Namespace',
          datasource: datasource,
          query: { query: 'label_values(up, namespace)', refId: 'namespaces' },
          includeAll: true,
          allValue: '.*',
          current: { text: 'All', value: '$__all' },
          refresh: 2,
        },
      ] + (if service then [
        {
          name: 'service',
          type: 'query',
          label: 'Service',
          datasource: datasource,
          query: { query: 'label_values(up{part_of="microservices",namespace=~"$namespace"}, job)', refId: 'services' },
          refresh: 2,
        },
      ] else []),
    },
    panels: std.mapWithIndex(function(i, panel) panel { id: i + 1 }, std.flattenArrays([
      [{ type: 'row', title: rows[r].title, collapsed: false, gridPos: { x: 0, y: tops[r], w: 24, h: 1 } }]
      + [
        rows[r].panels[p] { gridPos: { x: p * width % 24, y: tops[r] + 1 + height * std.floor(p * width / 24), w: width, h: height } }
        for p in std.range(0, std.length(rows[r].panels) - 1)
      ]
      for r in std.range(0, std.length(rows) - 1)
    ])),
  },
}
