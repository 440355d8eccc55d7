using Microservices.EventLog;
using Microservices.Topics;
using Microsoft.EntityFrameworkCore;

namespace Microservices.Sample;

/// <summary>What happens to widgets: to one, to those of one partition, or to all. A snapshot has the widgets by id.</summary>
internal sealed class WatchWidgets(IEventLog log, SnapshotReader<SampleDbContext> snapshots)
    : TopicSource<SampleDbContext>(WidgetEvents.Topics, WidgetErrors.Domain, log, snapshots)
{
    protected override IAsyncEnumerable<SnapshotItem> Snapshot(SampleDbContext context, SnapshotScope scope, string after, int count)
    {
        var wanted = scope.Key.Length > 0 ? context.Widgets.Where(row => row.WidgetId == scope.Key)
            : scope.Partition is { } partition ? context.Widgets.Where(row => row.Partition == partition)
            : context.Widgets;
        return wanted
            .Where(row => string.Compare(row.WidgetId, after) > 0)
            .OrderBy(row => row.WidgetId)
            .Take(count)
            .AsAsyncEnumerable()
            .Select(row => new SnapshotItem(row.WidgetId, new V1.WidgetEvent { Widget = row.ToMessage() }));
    }
}
