// One component for each kind of panel, from @grafana/ui where it has one.
import React from 'react';
import {
  FieldType, VizOrientation, getDisplayValueAlignmentFactors, getFieldDisplayName, getFieldDisplayValues, renderTextPanelMarkdown,
} from '@grafana/data';
import { BarGauge, BigValue, TimeSeries, VizRepeater, useTheme2 } from '@grafana/ui';
import { TableNG } from '@grafana/ui/unstable';

const NOTHING = { padding: 8, textAlign: 'center', opacity: 0.7 };

function Nothing({ panel }) {
  return <div style={NOTHING} data-nothing>{panel.fieldConfig.defaults.noValue ?? 'No data'}</div>;
}

function valuesOf({ panel, frames, replace, theme }) {
  return () => getFieldDisplayValues({
    fieldConfig: panel.fieldConfig, reduceOptions: panel.options.reduceOptions, replaceVariables: replace, theme,
    data: frames, timeZone: 'browser',
  });
}

function Stat({ panel, frames, replace, width, height }) {
  const theme = useTheme2();
  const { options } = panel;
  return (
    <VizRepeater
      getValues={valuesOf({ panel, frames, replace, theme })} width={width} height={height} source={frames} autoGrid
      renderCounter={0} orientation={VizOrientation.Auto}
      getAlignmentFactors={() => ({ title: '', text: '' })}
      renderValue={({ value, width: w, height: h, count }) => (
        <BigValue
          value={value.display} width={w} height={h} theme={theme} count={count} colorMode={options.colorMode}
          graphMode={options.graphMode} justifyMode={options.justifyMode}
          textMode={options.textMode === 'auto' && count === 1 ? 'value' : options.textMode}
          wideLayout={options.wideLayout}
        />
      )}
    />
  );
}

function Bars({ panel, frames, replace, width, height }) {
  const theme = useTheme2();
  const { options } = panel;
  if (!frames.length) {
    return <Nothing panel={panel} />;
  }
  return (
    <VizRepeater
      getValues={valuesOf({ panel, frames, replace, theme })} width={width} height={height} source={frames}
      renderCounter={0} orientation={options.orientation} itemSpacing={8} minVizHeight={options.minVizHeight}
      maxVizHeight={options.maxVizHeight} minVizWidth={options.minVizWidth}
      getAlignmentFactors={getDisplayValueAlignmentFactors}
      renderValue={({ value, width: w, height: h, alignmentFactors }) => (
        <BarGauge
          value={value.display} width={w} height={h} theme={theme} field={value.field} display={value.view?.getFieldDisplayProcessor(value.colIndex)}
          orientation={options.orientation} displayMode={options.displayMode} showUnfilled={options.showUnfilled}
          alignmentFactors={alignmentFactors} valueDisplayMode={options.valueMode} namePlacement={options.namePlacement}
        />
      )}
    />
  );
}

function Rows({ panel, frames, width, height, range }) {
  if (!frames.length || !frames[0].length) {
    return <Nothing panel={panel} />;
  }
  return (
    <TableNG
      data={frames[0]} width={width} height={height} cellHeight={panel.options.cellHeight} timeRange={range}
      sortBy={panel.options.sortBy} fieldConfig={panel.fieldConfig} getActions={() => []} noValue=""
    />
  );
}

const LINE = {
  drawStyle: 'line', lineInterpolation: 'linear', lineWidth: 1, fillOpacity: 0, showPoints: 'auto', pointSize: 5,
  axisPlacement: 'auto', axisColorMode: 'text', axisBorderShow: false, gradientMode: 'none', axisCenteredZero: false,
  barAlignment: 0, barWidthFactor: 0.6, spanNulls: false, insertNulls: false, hideFrom: { legend: false, tooltip: false, viz: false },
  stacking: { mode: 'none', group: 'A' }, scaleDistribution: { type: 'linear' }, thresholdsStyle: { mode: 'off' },
  lineStyle: { fill: 'solid' }, axisLabel: '',
};

function Lines({ panel, frames, width, height, range, marks }) {
  if (!frames.length) {
    return <Nothing panel={panel} />;
  }
  for (const frame of frames) {
    for (const field of frame.fields) {
      field.config.custom = { ...LINE, ...field.config.custom };
    }
  }
  return (
    <TimeSeries
      frames={frames} width={width} height={height} timeRange={range} timeZone="browser"
      legend={panel.options.legend} options={panel.options}
    >
      {(builder) => { markUp(builder, marks); return null; }}
    </TimeSeries>
  );
}

const marked = new WeakSet();

function markUp(builder, marks) {
  if (marked.has(builder)) {
    return;
  }
  marked.add(builder);
  builder.addHook('draw', (plot) => {
    const { ctx, bbox } = plot;
    ctx.save();
    for (const { from, to, color } of marks) {
      const [left, right] = [from, to].map((time) => Math.max(plot.valToPos(time, 'x', true), bbox.left));
      ctx.globalAlpha = 0.08;
      ctx.fillStyle = color;
      ctx.fillRect(left, bbox.top, right - left, bbox.height);
      ctx.globalAlpha = 0.9;
      ctx.setLineDash([4, 4]);
      ctx.strokeStyle = color;
      ctx.strokeRect(left, bbox.top, Math.max(right - left, 0), bbox.height);
    }
    ctx.restore();
  });
}

// @grafana/ui has no timeline: this is ours.
function Timeline({ panel, frames, range, height }) {
  const theme = useTheme2();
  const [from, to] = [range.from.valueOf(), range.to.valueOf()];
  const bands = frames.flatMap((frame) => frame.fields.filter((field) => field.type === FieldType.number)
    .map((field) => ({ name: getFieldDisplayName(field, frame, frames), field, times: frame.fields[0].values })));
  if (!bands.length) {
    return <Nothing panel={panel} />;
  }
  return (
    <div style={{ height, overflow: 'hidden', display: 'flex', flexDirection: 'column' }}>
      {bands.slice(0, panel.options.perPage ?? 20).map(({ name, field, times }) => (
        <div key={name} style={{ display: 'flex', flex: 1, minHeight: 0, margin: '1px 0' }}>
          <div style={{ width: 150, fontSize: 12, overflow: 'hidden', textOverflow: 'ellipsis', whiteSpace: 'nowrap', paddingRight: 8, textAlign: 'right' }}>{name}</div>
          <div style={{ flex: 1, position: 'relative' }}>
            {merged(field.values, times).map(([value, start, end]) => {
              const shown = field.display(value);
              return (
                <div
                  key={start} title={shown.text}
                  style={{
                    position: 'absolute', left: `${(100 * (start - from)) / (to - from)}%`, overflow: 'hidden', top: 0, bottom: 0,
                    width: `${(100 * (end - start)) / (to - from)}%`, background: shown.color, fontSize: 12, paddingLeft: 4,
                    color: theme.colors.getContrastText(shown.color),
                  }}
                >{shown.text}</div>
              );
            })}
          </div>
        </div>
      ))}
    </div>
  );
}

function merged(values, times) {
  const found = [];
  const step = times[1] - times[0] || 0;
  values.forEach((value, index) => {
    const last = found.at(-1);
    if (value !== null && last && last[0] === value && last[2] === times[index]) {
      last[2] = times[index] + step;
    } else if (value !== null) {
      found.push([value, times[index], times[index] + step]);
    }
  });
  return found;
}

function Words({ panel, height }) {
  return (
    <div
      className="markdown-html" style={{ height, overflow: 'auto' }}
      dangerouslySetInnerHTML={{ __html: renderTextPanelMarkdown(panel.options.content) }}
    />
  );
}

function Other({ panel }) {
  return <div style={NOTHING}>The preview does not draw panels of the kind {panel.type}.</div>;
}

export const KINDS = {
  stat: Stat, table: Rows, timeseries: Lines, bargauge: Bars, 'state-timeline': Timeline, 'status-history': Timeline,
  text: Words,
};

export const bodyOf = (panel) => KINDS[panel.type] ?? Other;
