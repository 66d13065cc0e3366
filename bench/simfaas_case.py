"""SimFaaS on the case that its own README begins with: one function, exponential times.

    python simfaas_case.py <seconds of simulated time>

Prints requests, the share of cold ones, and CPU seconds.
"""

import sys
import time

import numpy
from simfaas.ServerlessSimulator import ServerlessSimulator

numpy.random.seed(1)
simulator = ServerlessSimulator(
    arrival_rate=0.9,
    warm_service_rate=1 / 1.991,
    cold_service_rate=1 / 2.244,
    expiration_threshold=600,
    max_time=float(sys.argv[1]),
)
began = time.process_time()
simulator.generate_trace()
cpu = time.process_time() - began
print(simulator.total_req_count, simulator.total_cold_count / simulator.total_req_count, cpu)
