using Microservices.Hosting.Errors;
using Status = Google.Rpc.Status;

namespace Microservices.Sample;

/// <summary>The errors of this service, and the rules for a widget's fields.</summary>
internal static class WidgetErrors
{
    internal const int MaxLabel = 200;

    public static readonly ErrorDomain Domain = new("sample.v1");

    public static Status NotFound(string widgetId) => Domain.NotFound("sample.v1.Widget", widgetId);

    public static void CheckLabel(this FieldViolations violations, string field, string value) =>
        violations.CheckText(field, value, MaxLabel);
}
