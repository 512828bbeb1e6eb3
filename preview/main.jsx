// Draws one generated dashboard: Grafana's components, our layout.
import React from 'react';
import { createRoot } from 'react-dom/client';
import { lastValueFrom } from 'rxjs';
import { ThemeContext, applyFieldOverrides, cacheFieldDisplayNames, createTheme, transformDataFrame } from '@grafana/data';
import { GlobalStyles, PanelChrome } from '@grafana/ui';
import { initialise, registryOf } from './fields.js';
import { bodyOf } from './panels.jsx';
import { ask, interpolate, marks, resolveVariables, timeRange } from './prometheus.js';

const CELL = 30, GAP = 8, COLUMNS = 24, PHONE = 768;
const asked = new URLSearchParams(window.location.search);

const rowsHigh = (h) => h * CELL + (h - 1) * GAP;

// Where a panel is repeated, one copy for each value of the variable; what stands below moves down.
function unrolled(panels, variables) {
  let pushed = 0;
  const placed = [];
  for (const panel of panels) {
    const at = { ...panel.gridPos, y: panel.gridPos.y + pushed };
    if (!panel.repeat) {
      placed.push({ panel, at, own: {} });
      continue;
    }
    const values = variables[panel.repeat]?.values ?? [];
    const across = Math.min(panel.maxPerRow ?? 4, Math.max(values.length, 1));
    values.forEach((value, index) => {
      const w = COLUMNS / across;
      const place = { ...at, w, x: (index % across) * w, y: at.y + Math.floor(index / across) * at.h };
      placed.push({ panel, at: place, own: { [panel.repeat]: { values: [value], many: true, isAll: false } } });
    });
    pushed += (Math.ceil(Math.max(values.length, 1) / across) - 1) * at.h;
  }
  return placed;
}

function cellReplacer(variables) {
  return (text, scoped) => {
    const context = scoped?.__dataContext?.value;
    const shown = String(text ?? '').replace(/\$\{__data\.fields\.([\w ]+)(?::(\w+))?\}/g, (_, name, how) => {
      const field = context?.frame.fields.find((one) => (one.state?.displayName ?? one.config.displayName ?? one.name) === name);
      const value = String(field?.values[context.rowIndex] ?? '');
      return how === 'percentencode' ? encodeURIComponent(value) : value;
    });
    return interpolate(shown, variables);
  };
}

async function dataOf(panel, variables, range, theme, width) {
  const raw = await ask(panel, variables, range, width);
  const context = { interpolate: (text) => interpolate(text, variables) };
  const changed = await lastValueFrom(transformDataFrame(panel.transformations ?? [], raw, context));
  const fieldConfigRegistry = registryOf(panel.fieldConfig);
  const replaceVariables = cellReplacer(variables);
  const shown = applyFieldOverrides({
    data: changed, fieldConfig: panel.fieldConfig, fieldConfigRegistry, replaceVariables, theme, timeZone: 'browser',
  });
  cacheFieldDisplayNames(shown);
  return shown;
}

class Guard extends React.Component {
  state = {};

  static getDerivedStateFromError(problem) { return { problem }; }

  render() {
    return this.state.problem ? <pre data-problem>{String(this.state.problem)}</pre> : this.props.children;
  }
}

function One({ panel, style, width, height, variables, range, theme, found }) {
  const [state, setState] = React.useState({});
  React.useEffect(() => {
    dataOf(panel, variables, range, theme, width).then((frames) => setState({ frames }), (problem) => setState({ problem }));
  }, []);
  const Body = bodyOf(panel);
  const title = interpolate(panel.title ?? '', variables);
  return (
    <div style={style} data-panel={title} data-kind={panel.type} data-ready={state.frames || state.problem ? 'yes' : 'no'}>
      <PanelChrome width={width} height={height} title={title} description={panel.description}>
        {(w, h) => (
          <Guard>
            {state.problem && <pre data-problem>{String(state.problem)}</pre>}
            {state.frames && (
              <Body
                panel={panel} frames={state.frames} width={w} height={h} range={range} marks={found}
                replace={cellReplacer(variables)}
              />
            )}
          </Guard>
        )}
      </PanelChrome>
    </div>
  );
}

function Page({ dashboard, variables, range, theme, found }) {
  const phone = window.innerWidth < PHONE;
  const room = window.innerWidth - 2 * GAP;
  const cell = (room + GAP) / COLUMNS;
  const shown = unrolled(dashboard.panels, variables);
  const ordered = [...shown].sort((a, b) => a.at.y - b.at.y || a.at.x - b.at.x);
  const bottom = Math.max(...shown.map(({ at }) => (at.y + at.h) * (CELL + GAP)));
  const label = { fontSize: 12, opacity: 0.8, padding: `0 ${GAP}px`, display: 'inline-block' };
  return (
    <div style={{ padding: GAP, background: theme.colors.background.canvas, minHeight: '100vh' }}>
      <div style={{ marginBottom: GAP }}>
        <strong style={{ fontSize: 18 }}>{dashboard.title}</strong>
        <span style={label}>Grafana&apos;s components, our layout; not Grafana</span>
        {Object.values(variables).filter((one) => one.label).map((one) => (
          <span key={one.label} style={label}>{one.label}: {one.isAll ? 'All' : one.values.join(' + ') || 'none'}</span>
        ))}
      </div>
      <div style={{ position: 'relative', height: phone ? undefined : bottom }}>
        {ordered.map(({ panel, at, own }, index) => {
          const width = phone ? room : at.w * cell - GAP;
          const height = rowsHigh(at.h);
          const place = { position: 'absolute', left: at.x * cell, top: at.y * (CELL + GAP) };
          const mine = { ...variables, ...own };
          return (
            <One
              key={index} style={phone ? { marginBottom: GAP } : place} width={width} height={height} panel={panel}
              variables={mine} range={range} theme={theme} found={found}
            />
          );
        })}
      </div>
    </div>
  );
}

async function start() {
  initialise();
  const theme = createTheme({ colors: { mode: asked.get('theme') ?? 'dark' } });
  const dashboard = await (await fetch(`/dashboards/${asked.get('uid') ?? 'winburn-slo-overview'}.json`)).json();
  const range = timeRange(asked.get('from') ?? dashboard.time.from);
  const variables = await resolveVariables(dashboard.templating.list, range, asked);
  const found = await marks(dashboard.annotations.list, variables, range);
  document.title = `${dashboard.title} (preview)`;
  // Texts are measured before they are drawn, so the typeface has to be there first.
  const styles = document.body.appendChild(document.createElement('div'));
  createRoot(styles).render(<ThemeContext.Provider value={theme}><GlobalStyles /></ThemeContext.Provider>);
  await new Promise((done) => { setTimeout(done, 50); });
  await Promise.all(['14px Inter', '500 14px Inter'].map((font) => document.fonts.load(font)));
  createRoot(document.getElementById('root')).render(
    <ThemeContext.Provider value={theme}>
      <Page dashboard={dashboard} variables={variables} range={range} theme={theme} found={found} />
    </ThemeContext.Provider>,
  );
}

start().catch((problem) => { document.body.textContent = String(problem.stack ?? problem); });
