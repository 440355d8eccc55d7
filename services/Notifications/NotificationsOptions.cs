using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Options;

namespace Microservices.Notifications;

/// <summary>What is kept: section <c>Notifications</c>.</summary>
internal sealed class NotificationsOptions
{
    /// <summary>How long a notification is kept, read or not. Default 90 days; 1 min to 10 years.</summary>
    [Range(typeof(TimeSpan), "00:01:00", "3650.00:00:00")]
    public TimeSpan Retention { get; set; } = TimeSpan.FromDays(90);
}

[OptionsValidator]
internal sealed partial class NotificationsOptionsValidator : IValidateOptions<NotificationsOptions>;
