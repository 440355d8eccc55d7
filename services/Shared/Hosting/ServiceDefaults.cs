using Grpc.AspNetCore.Server.Model;
using Microservices.Hosting.Admission;
using Microservices.Hosting.Errors;
using Microservices.Hosting.Faults;
using Microservices.Hosting.Telemetry;
using Microservices.Streaming.V1;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using GrpcService = Google.Protobuf.Reflection.ServiceDescriptor;

namespace Microservices.Hosting;

/// <summary>What every process of the suite does alike: two ports, health, reflection, telemetry, errors, faults, drain.</summary>
public static class ServiceDefaults
{
    /// <summary>The largest gRPC message a process takes or sends, in bytes: 1 MiB. A larger one is RESOURCE_EXHAUSTED.</summary>
    public const int MaxMessageBytes = MessageSizes.MaxRequest;

    /// <summary>
    /// The most headers that a process takes in an answer, in KiB: 16 MiB. Errors of the suite are below 8 KB (<see cref="Errors.ErrorBounds"/>);
    /// but an answer above this limit breaks the connection, with every other call on it.
    /// </summary>
    public const int MaxResponseHeadersKilobytes = 16 * 1024;

    /// <summary>
    /// Registers the defaults. <paramref name="service"/> is the gRPC service of this process: its full name is what health is
    /// asked about, its package the name under which telemetry reports.
    /// </summary>
    /// <remarks>A process that cannot start because of its settings ends with one line that names the key, and exit code 1.</remarks>
    /// <exception cref="InvalidOperationException">The configuration is not valid; the message names the key.</exception>
    public static WebApplicationBuilder AddServiceDefaults(this WebApplicationBuilder builder, GrpcService service)
    {
        TimesInConfiguration.Install();
        StartupFailure.Begin(builder.Configuration);
        builder.AddEndpoints();
        builder.AddDrain();
        builder.AddHealth(service.FullName);
        builder.AddTelemetry(service.File.Package);

        builder.AddValidatedOptions<AdmissionOptions>("Admission");
        builder.Services.AddSingleton<AnswerBudget>();
        builder.Services.AddSingleton<UnaryAnswers>();
        builder.Services.AddSingleton<CallAdmission>();
        builder.Services.AddSingleton<CallPipeline>();
        builder.Services.AddGrpc(options =>
        {
            options.MaxReceiveMessageSize = MaxMessageBytes;
            options.MaxSendMessageSize = 4 * MaxMessageBytes;
            options.CompressionProviders = [new CheckedGzip()];
        });
        builder.Services.Replace(new ServiceDescriptor(typeof(IServiceMethodProvider<>), typeof(CheckedMethodProvider<>), ServiceLifetime.Singleton));
        builder.AddFaults();
        builder.Services.AddGrpcReflection();
        builder.Services.TryAddSingleton(TimeProvider.System);
        return builder;
    }

    /// <summary>Maps what <see cref="AddServiceDefaults"/> registered: the management port, gRPC health and gRPC reflection.</summary>
    public static WebApplication MapServiceDefaults(this WebApplication app)
    {
        app.UseManagementPort();
        app.UseMiddleware<DrainMiddleware>();
        app.UseMiddleware<StreamMiddleware>();
        app.UseMiddleware<FramingMiddleware>();
        app.MapGrpcService<HealthService>();
        app.MapGrpcReflectionService();
        return app;
    }

    /// <summary>
    /// Starts the process and returns when it has stopped. One that is told to stop while it still starts, as while it waits for its database,
    /// has stopped, too, and not failed.
    /// </summary>
    public static async Task RunUntilStoppedAsync(this WebApplication app)
    {
        // Taken now: when it has run it is disposed of.
        var stopping = app.Lifetime.ApplicationStopping;
        try
        {
            await app.RunAsync();
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // The host has said so.
        }
    }

    /// <summary>Binds options to a section of the configuration and validates them at start, so that a wrong value stops the process.</summary>
    /// <param name="builder">Where.</param>
    /// <param name="section">The section.</param>
    /// <param name="strict">
    /// Whether a key that is not known is an error. For options with lists of objects: without it, .NET leaves out an object with a wrong value in
    /// it, and says nothing.
    /// </param>
    public static IHostApplicationBuilder AddValidatedOptions<TOptions>(this IHostApplicationBuilder builder, string section, bool strict = false)
        where TOptions : class
    {
        builder.Services.AddSingleton<Microsoft.Extensions.Options.IValidateOptions<TOptions>>(new SectionValidation<TOptions>(section));
        builder.Services.AddOptions<TOptions>().BindConfiguration(section, binder => binder.ErrorOnUnknownConfiguration = strict).ValidateOnStart();
        return builder;
    }
}
